//! The tables, and what has to hold of them.

use std::time::Duration;

use crate::day::Day;
use crate::outage::Outage;

/// Thousandths of a percent of the calls that get a whole answer.
const SUCCESS: u64 = 99_900;
/// How much later the first token may come, once the trouble is known.
const SLOWER: f64 = 2.0;
const ATTEMPTS: f64 = 1.1;
const EVEN: Duration = Duration::from_secs(30);

pub(crate) fn begin(good: &Day) {
    println!(
        "| one of three | calls | answered | learned after | first token p50 | p99 | p99 ÷ good | attempts a call | even share after |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    print("is well, as the others", good, good);
}

/// Prints it, and returns what it does not keep.
pub(crate) fn row(name: &str, day: &Day, good: &Day) -> Vec<String> {
    print(name, day, good);
    let even = day.even_after.is_some_and(|after| after <= EVEN);
    let promises = [
        (
            day.success >= SUCCESS,
            "of a thousand calls 999 get a whole answer",
        ),
        (day.learned_after.is_some(), "the trouble is noticed"),
        (
            day.p99 <= good.p99 * SLOWER,
            "the first token comes within twice the time",
        ),
        (
            day.attempts <= ATTEMPTS,
            "ten calls take eleven attempts at most",
        ),
        (even, "an even share within 30 s"),
    ];
    let broken = promises.iter().filter(|(kept, _)| !kept);
    broken.map(|(_, what)| format!("{name}: {what}")).collect()
}

fn print(name: &str, day: &Day, good: &Day) {
    let never = || "never".to_owned();
    let (mut learned, mut even) = ("—".to_owned(), "—".to_owned());
    if !std::ptr::eq(day, good) {
        learned = day
            .learned_after
            .map_or_else(never, |calls| format!("{calls} calls"));
        even = day
            .even_after
            .map_or_else(never, |after| format!("{:.1} s", after.as_secs_f64()));
    }
    println!(
        "| {name} | {} | {}.{:03} % | {learned} | {:.0} ms | {:.0} ms | {:.2} | {:.3} | {even} |",
        day.calls,
        day.success / 1000,
        day.success % 1000,
        day.p50,
        day.p99,
        day.p99 / good.p99,
        day.attempts,
    );
}

pub(crate) fn begin_outage() {
    println!();
    println!(
        "| all three fail at once | callers | told what is wrong | the last after | most calls of a provider, each caller | live heap before | after | resident after |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
}

/// Prints it, and returns what it does not keep.
pub(crate) fn outage(outage: &Outage) -> Vec<String> {
    println!(
        "| 503, a reset, silence | {} | {} | {:.1} s | {:.2} | {} KiB | {} KiB | {} KiB |",
        outage.callers,
        outage.told,
        outage.last.as_secs_f64(),
        outage.most,
        outage.before >> 10,
        outage.after >> 10,
        outage.resident >> 10,
    );
    let promises = [
        (outage.told == outage.callers, "each caller is told"),
        (outage.last <= outage.allowed, "in bounded time"),
        (
            outage.most <= 1.2,
            "no provider is asked more than once and a fifth for each caller",
        ),
        (
            outage.after <= outage.before + outage.slack,
            "memory is as before",
        ),
    ];
    let broken = promises.iter().filter(|(kept, _)| !kept);
    broken
        .map(|(_, what)| format!("all three fail: {what}"))
        .collect()
}
