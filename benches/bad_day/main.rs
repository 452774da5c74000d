//! A bad day: one of three equal providers fails in every way there is, and callers should hardly notice.
//!
//! `cargo bench --bench bad_day` prints a row for each way, beside a day on which nothing fails, and one for a day on which
//! all three fail; `… -- --check` fails where a promise is not kept; `… -- 503` takes the rows with that in their name,
//! and the good day that they are measured by. Callers, gateway and providers are connected by sockets, and each has a thread.
//! Nothing is configured but that broken answers are mended, and the deadlines, as whoever knows their model would have them.

mod answer;
mod day;
#[path = "../memory/heap.rs"]
mod heap;
mod load;
mod outage;
#[path = "../support/raise.rs"]
mod raise;
mod table;
mod thread;
mod town;
mod trouble;

use std::process::ExitCode;

use trouble::Trouble;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == raise::RAISED) {
        return raise::again();
    }
    let check = arguments.iter().any(|argument| argument == "--check");
    let named = arguments.iter().find(|argument| !argument.starts_with('-'));
    let wanted = |row: &str| named.is_none_or(|part| row.contains(part.as_str()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut broken = Vec::new();

    let troubles = Trouble::ALL.into_iter();
    let troubles: Vec<_> = troubles.filter(|trouble| wanted(trouble.name())).collect();
    if !troubles.is_empty() {
        let good = runtime.block_on(day::good());
        table::begin(&good);
        for trouble in troubles {
            let day = runtime.block_on(day::bad(trouble));
            broken.extend(table::row(trouble.name(), &day, &good));
        }
    }
    if wanted(outage::NAME) {
        table::begin_outage();
        let outage = runtime.block_on(outage::run());
        broken.extend(table::outage(&outage));
    }
    broken.iter().for_each(|what| eprintln!("not kept: {what}"));
    ExitCode::from(u8::from(check && !broken.is_empty()))
}
