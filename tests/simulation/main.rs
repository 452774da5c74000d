//! The whole stack under a thousand callers and providers that do everything wrong, in virtual time.
//!
//! A seed draws providers with their moods, keys and rate limits, models, prices, deadlines, whether late answers are hedged and
//! broken ones mended, and a thousand requests in bursts. There is no
//! socket: the innermost service is the providers, whose bodies come frame by frame on Tokio's paused clock. Each keeps
//! its own book. At the end every request is held to what [`check`] says, by the caller, the record and the book.
//!
//! ```text
//! SWITCHTOWER_SEEDS=1000 cargo test --release --test simulation -- --nocapture    a million requests
//! SWITCHTOWER_SEED=7 cargo test --test simulation -- --nocapture                  one seed again
//! ```

#[path = "../flow/mod.rs"]
mod flow;

mod answer;
mod book;
mod budget;
mod caller;
mod check;
mod ejection;
mod run;
mod script;
mod stream;
mod told;
mod trace;
mod upstream;
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::run::{Outcome, run};

/// Requests of a seed.
const REQUESTS: usize = 1000;
/// Of so many seeds some use up what is rarely used up.
const MANY: u64 = 100;
/// Seeds that `cargo test` takes.
const SLICE: u64 = 8;

#[test]
fn every_request_keeps_its_promises() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().expect("a number"))
    };
    let seeds = match number("SWITCHTOWER_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SWITCHTOWER_SEEDS").unwrap_or(SLICE),
    };
    let began = std::time::Instant::now();
    let (next, outcomes) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let outcome = run(seed, REQUESTS);
                    let failed = !outcome.failures.is_empty();
                    outcomes.lock().unwrap().push(outcome);
                    if failed {
                        next.store(seeds.end, Relaxed);
                    }
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    let failures: Vec<_> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.failures)
        .collect();
    let mut tally = BTreeMap::new();
    for (what, count) in outcomes.iter().flat_map(|outcome| &outcome.tally) {
        *tally.entry(what.as_str()).or_insert(0) += count;
    }
    println!(
        "{} seeds, {REQUESTS} requests each, in {:?}",
        outcomes.len(),
        began.elapsed()
    );
    println!("{tally:#?}");
    let told: Vec<_> = failures
        .iter()
        .take(5)
        .map(|failure| failure.as_str())
        .collect();
    assert!(
        failures.is_empty(),
        "{} failures\n\n{}",
        failures.len(),
        told.join("\n")
    );
    if seeds.end - seeds.start >= SLICE {
        everything_happened(&tally);
    }
    if seeds.end - seeds.start >= MANY {
        let used_up = tally.get("budgets used up");
        assert!(
            used_up.is_some_and(|count| *count > 0),
            "no budget was used up"
        );
    }
}

/// Of everything something, or the promises are worth nothing.
fn everything_happened(tally: &BTreeMap<&str, usize>) {
    let kinds = [
        "complete",
        "cancelled",
        "refused",
        "context_too_long",
        "upstream_auth",
        "quota_exhausted",
        "rate_limited",
        "model_missing",
        "overloaded",
        "unavailable",
        "truncated",
        "malformed",
        "connect",
        "disconnected",
        "elapsed_headers",
        "elapsed_first_token",
        "elapsed_idle",
        "elapsed_total",
        "superseded",
    ];
    for kind in kinds {
        assert!(
            tally.contains_key(&*format!("attempt {kind}")),
            "no attempt ended {kind}"
        );
    }
    for what in [
        "told whole",
        "told broken",
        "told document",
        "retries",
        "ejected",
        "recovered",
        "mended",
        "another key",
        "fault OverRate",
        "request invalid",
        "request slow_request",
        "request unknown_model",
    ] {
        assert!(
            tally.get(what).is_some_and(|count| *count > 0),
            "nothing of this: {what}"
        );
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = |seed| {
        let Outcome { digest, events, .. } = run(seed, REQUESTS / 4);
        (digest, events)
    };
    assert_eq!(story(1), story(1));
    assert_ne!(story(1).0, story(2).0);
}
