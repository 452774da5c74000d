//! What is learned of an endpoint, and when it is forgotten.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};
use switchtower::standing::{
    Health, Lineup, Percentile, Period, Roster, Standing, Tally, Validity, Window,
};

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
    for _ in 0..1_100_000 {
        window.count(7, true);
        window.count(7, false);
    }
    assert_eq!(window.tally(7), tally(1_048_575, 1_048_575));
    window.count(8, true);
    assert_eq!(window.tally(8), tally(1_048_576, 1_048_575));
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
    assert_eq!(first_token(&standing, start), None);
    assert_eq!(throughput(&standing, start), None);
    assert_eq!(standing.uptime(Period::Day, start), None);
    assert_eq!(standing.health(start), Health::Normal);
    assert_eq!(standing.tool_calls(start), Validity::default());
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
    assert_eq!(first_token(&standing, start), None);
    standing.succeeded(start, Some(Duration::from_millis(800)), Some(50_000));
    let figures = [first_token(&standing, start), throughput(&standing, start)];
    for _ in 0..1000 {
        standing.failed(start);
        standing.limited(start);
    }
    // Nor does an answer that brought no figure.
    standing.succeeded(start, None, None);
    assert_eq!(
        [first_token(&standing, start), throughput(&standing, start)],
        figures
    );
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

/// The median, in microseconds.
fn first_token(standing: &Standing, now: Instant) -> Option<u128> {
    let time = standing.first_token(Percentile::P50, now);
    time.map(|time| time.as_micros())
}

fn throughput(standing: &Standing, now: Instant) -> Option<u128> {
    standing.throughput(Percentile::P50, now).map(u128::from)
}

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
