//! What is learned of an endpoint, and when it is forgotten.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};
use switchtower::standing::{Average, Lineup, Roster, Standing, Tally, Window};

// === Window ===

#[test]
fn a_count_slides_out_after_its_seconds() {
    let window = Window::<30>::default();
    window.count(100, true);
    window.count(110, false);
    assert_eq!(window.tally(110), tally(1, 1));
    assert_eq!(window.tally(129), tally(1, 1));
    assert_eq!(window.tally(130), tally(0, 1));
    assert_eq!(window.tally(139), tally(0, 1));
    assert_eq!(window.tally(140), tally(0, 0));
}

#[test]
fn a_bucket_is_cleared_by_whoever_needs_it_next() {
    let window = Window::<30>::default();
    for _ in 0..7 {
        window.count(100, false);
    }
    window.count(130, true);
    assert_eq!(window.tally(130), tally(1, 0));
    assert_eq!(window.tally(130 + 30 * 1000), tally(0, 0));
}

#[test]
fn what_is_not_yet_is_not_counted() {
    let window = Window::<30>::default();
    window.count(100, true);
    assert_eq!(window.tally(99), tally(0, 0));
}

/// A thread that had read its clock a whole window ago wiped out what others had counted since.
#[test]
fn a_straggler_wipes_nothing_out() {
    let window = Window::<30>::default();
    window.count(130, false);
    window.count(100, true);
    assert_eq!(window.tally(130), tally(0, 1));
}

#[test]
fn counts_saturate_and_never_wrap() {
    let window = Window::<2>::default();
    for _ in 0..70_000 {
        window.count(7, true);
        window.count(7, false);
    }
    assert_eq!(window.tally(7), tally(65_535, 65_535));
    window.count(8, true);
    assert_eq!(window.tally(8), tally(65_536, 65_535));
}

#[test]
fn no_count_of_any_thread_is_lost() {
    let window = Window::<30>::default();
    thread::scope(|scope| {
        for success in [true, false, true, false] {
            let window = &window;
            scope.spawn(move || {
                for n in 0..30_000 {
                    window.count(100 + n % 3, success);
                }
            });
        }
    });
    assert_eq!(window.tally(102), tally(60_000, 60_000));
}

proptest! {
    #[test]
    fn a_window_counts_what_a_list_counts(
        mut counts in prop::collection::vec((31..200u32, any::<bool>()), 0..100),
        until in 31..230u32,
    ) {
        counts.sort_unstable();
        counts.retain(|(second, _)| *second <= until);
        let window = Window::<30>::default();
        for (second, success) in &counts {
            window.count(*second, *success);
        }
        let within = |success| {
            let counted = counts.iter().filter(|(second, s)| until - second < 30 && *s == success);
            counted.count() as u32
        };
        prop_assert_eq!(window.tally(until), tally(within(true), within(false)));
    }
}

// === Standing ===

#[test]
fn an_outage_is_over_after_thirty_seconds() {
    let start = start();
    let standing = Standing::new(start);
    standing.failed(start);
    assert!(!standing.is_steady(start));
    assert!(!standing.is_steady(start + Duration::from_secs(29)));
    assert!(standing.is_steady(start + Duration::from_secs(31)));
    assert_eq!(
        standing.recent(start + Duration::from_secs(31)),
        tally(0, 0)
    );
}

#[test]
fn half_of_the_attempts_is_an_outage_and_less_is_not() {
    let start = start();
    let standing = Standing::new(start);
    assert!(standing.is_steady(start));
    standing.failed(start);
    standing.succeeded(start, None, None);
    assert!(!standing.is_steady(start));
    standing.succeeded(start, None, None);
    assert!(standing.is_steady(start));
    for _ in 0..97 {
        standing.succeeded(start, None, None);
    }
    standing.failed(start);
    assert!(standing.is_steady(start));
}

#[test]
fn an_untouched_standing_has_seen_nothing_at_any_time() {
    let start = start();
    let standing = Standing::new(start);
    for after in [0, 1, 29, 30, 31, 1 << 20] {
        let then = start + Duration::from_secs(after);
        assert_eq!(standing.recent(then), tally(0, 0));
        assert!(standing.is_steady(then));
    }
    assert_eq!(standing.first_token(), None);
    assert_eq!(standing.throughput(), None);
}

#[test]
fn time_before_its_beginning_is_its_beginning() {
    let start = start() + Duration::from_secs(60);
    let standing = Standing::new(start);
    standing.failed(start - Duration::from_secs(59));
    assert!(!standing.is_steady(start));
}

/// Lessons B: a latency estimate that is improved by fast failures sends all to whoever refuses.
#[test]
fn a_failure_improves_no_figure() {
    let start = start();
    let standing = Standing::new(start);
    standing.failed(start);
    assert_eq!(standing.first_token(), None);
    standing.succeeded(start, Some(Duration::from_millis(800)), Some(50_000));
    for _ in 0..1000 {
        standing.failed(start);
    }
    assert_eq!(standing.first_token(), Some(Duration::from_millis(800)));
    assert_eq!(standing.throughput(), Some(50_000));
    // Nor does an answer that brought no figure.
    standing.succeeded(start, None, None);
    assert_eq!(standing.first_token(), Some(Duration::from_millis(800)));
}

#[test]
fn an_endless_wait_is_the_longest_that_fits() {
    let start = start();
    let standing = Standing::new(start);
    standing.succeeded(start, Some(Duration::MAX), None);
    assert_eq!(
        standing.first_token(),
        Some(Duration::from_micros(u32::MAX.into()))
    );
}

// === Average ===

#[test]
fn an_average_moves_by_a_fifth() {
    let average = Average::default();
    assert_eq!(average.get(), None);
    average.sample(1000);
    assert_eq!(average.get(), Some(1000));
    average.sample(2000);
    assert_eq!(average.get(), Some(1200));
    average.sample(200);
    assert_eq!(average.get(), Some(1000));
}

#[test]
fn a_zero_sample_is_a_sample() {
    let average = Average::default();
    average.sample(0);
    assert_eq!(average.get(), Some(1));
}

#[test]
fn ten_samples_make_it_forget() {
    let average = Average::default();
    average.sample(100_000);
    for _ in 0..10 {
        average.sample(1000);
    }
    assert!(average.get().unwrap() < 1000 + 100_000 / 8);
}

proptest! {
    #[test]
    fn an_average_stays_between_its_samples(samples in prop::collection::vec(1..=u32::MAX, 1..50)) {
        let average = Average::default();
        for sample in &samples {
            average.sample(*sample);
            let value = average.get().unwrap();
            prop_assert!(value >= *samples.iter().min().unwrap());
            prop_assert!(value <= *samples.iter().max().unwrap());
        }
    }
}

// === Roster ===

#[test]
fn what_stays_in_the_catalogue_is_remembered_and_the_rest_forgotten() {
    let start = start();
    let roster = Roster::new(catalog(&["one", "two"]), start);
    let before = roster.lineup();
    for (_, standing) in before.endpoints() {
        standing.failed(start);
    }

    // The next snapshot has other `Arc`s, another order, but the same keys.
    roster.swap(catalog(&["three", "one"]), start);
    let steady = |lineup: &Lineup| -> Vec<(String, bool)> {
        let told = lineup
            .endpoints()
            .map(|(endpoint, standing)| (endpoint.tag().to_owned(), standing.is_steady(start)));
        told.collect()
    };
    let after = roster.clone().lineup();
    assert_eq!(
        steady(&after),
        [("three".into(), true), ("one".into(), false)]
    );
    // Who began with the old one stays with it.
    assert_eq!(
        steady(&before),
        [("one".into(), false), ("two".into(), false)]
    );

    roster.swap(catalog(&["two"]), start);
    assert_eq!(roster.with(|lineup| steady(lineup)), [("two".into(), true)]);
}

#[test]
fn swaps_at_once_forget_nothing() {
    let start = start();
    let roster = Roster::new(catalog(&["one", "two"]), start);
    roster
        .lineup()
        .endpoints()
        .for_each(|(_, s)| s.failed(start));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    roster.swap(catalog(&["one", "two"]), start);
                }
            });
        }
    });
    let lineup = roster.lineup();
    assert!(lineup.endpoints().all(|(_, s)| !s.is_steady(start)));
}

// === Helpers ===

fn tally(succeeded: u32, failed: u32) -> Tally {
    Tally { succeeded, failed }
}

fn start() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn catalog(slugs: &[&str]) -> Arc<Catalog> {
    let mut builder = Catalog::builder();
    let mut model = ModelSpec::new("a/x");
    for slug in slugs {
        let url = format!("http://{slug}.test/v1").parse().unwrap();
        builder = builder.provider(Provider::new(slug, url));
        model = model.endpoint(EndpointSpec::new(slug, "x"));
    }
    Arc::new(builder.model(model).build().unwrap())
}
