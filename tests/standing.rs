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

// === Percentiles ===

/// Five slices of a minute: what came in the first second of one is there in the last second of the fourth after it.
#[test]
fn a_sample_slides_out_after_five_minutes() {
    let start = start();
    let standing = Standing::new(start);
    let after = |seconds| start + Duration::from_secs(seconds);
    standing.succeeded(after(60), Some(Duration::from_millis(800)), Some(50_000));
    for (seconds, there) in [
        (60, true),
        (359, true),
        (360, false),
        (660, false),
        (1 << 40, false),
    ] {
        let now = after(seconds);
        assert_eq!(first_token(&standing, now).is_some(), there, "{seconds}");
        assert_eq!(throughput(&standing, now).is_some(), there, "{seconds}");
    }
    // Nor is it there before it came.
    assert_eq!(first_token(&standing, after(59)), None);
}

/// What is kept from the last question is not told when something has come since, at the same instant.
#[test]
fn a_figure_is_as_new_as_the_last_sample() {
    let start = start();
    let standing = Standing::new(start);
    assert_eq!(first_token(&standing, start), None);
    for (millis, least, most) in [(100, 94, 106), (1, 0, 2), (1000, 94, 106)] {
        standing.succeeded(start, Some(Duration::from_millis(millis)), None);
        let median = first_token(&standing, start).unwrap() / 1000;
        assert!((least..=most).contains(&median), "{median}");
    }
}

/// `preferred_min_throughput: {p90: 50}` asks that nine in ten were at least that fast.
#[test]
fn a_throughput_is_what_this_share_reached() {
    let start = start();
    let standing = Standing::new(start);
    for tokens in 1..=100 {
        standing.succeeded(start, None, Some(tokens * 1000));
    }
    let figures = Percentile::ALL.map(|p| standing.throughput(p, start).unwrap() / 1000);
    for (figure, want) in figures.into_iter().zip([51, 26, 11, 2]) {
        assert!(figure.abs_diff(want) * 16 <= want.max(16), "{figures:?}");
    }
    let quick =
        standing.throughput(Percentile::P50, start) > standing.throughput(Percentile::P99, start);
    assert!(quick, "the more are meant, the slower");
}

#[test]
fn what_is_off_the_scale_is_at_its_end() {
    let start = start();
    let standing = Standing::new(start);
    standing.succeeded(start, Some(Duration::MAX), Some(u32::MAX));
    assert!(first_token(&standing, start).unwrap() > 1_000_000_000);
    assert!(throughput(&standing, start).unwrap() > 15_000_000);
    let standing = Standing::new(start);
    standing.succeeded(start, Some(Duration::ZERO), Some(0));
    assert!(first_token(&standing, start).unwrap() <= 512);
    assert!(throughput(&standing, start).unwrap() <= 8);
}

/// The fewest that can be told from a value is a unit: 1.024 ms, or 0.016 tokens.
const UNITS: [u128; 2] = [1024, 16];

proptest! {
    /// Against a list of all samples, of which those of five minutes are sorted: whenever one asks.
    #[test]
    fn a_percentile_is_that_of_a_list(
        // Buckets grow with what is in them, so that small samples are as many as large ones.
        steps in prop::collection::vec((gap(), sample(), any::<bool>()), 1..80),
    ) {
        let start = start();
        let standing = Standing::new(start);
        let (mut second, mut samples) = (0, Vec::new());
        for (gap, sample, asked) in steps {
            second += gap;
            let now = start + Duration::from_secs(second);
            standing.succeeded(now, Some(Duration::from_micros(sample.into())), Some(sample / 16));
            samples.push((second / 60, u128::from(sample)));
            if !asked {
                continue;
            }
            let mut sorted: Vec<u128> = samples
                .iter()
                .filter(|(minute, _)| second / 60 - minute < 5)
                .map(|(_, sample)| *sample)
                .collect();
            sorted.sort_unstable();
            for (percentile, percent) in Percentile::ALL.into_iter().zip([50, 75, 90, 99]) {
                let rank = (sorted.len() * percent).div_ceil(100);
                let slow = standing.first_token(percentile, now).unwrap().as_micros();
                prop_assert!(near(slow, sorted[rank - 1], UNITS[0]), "{slow}, {sorted:?}");
                let quick = standing.throughput(percentile, now).unwrap().into();
                let want = sorted[sorted.len() - rank] / 16;
                prop_assert!(near(quick, want.min((1 << 24) - 1), UNITS[1]), "{quick}, {want}");
            }
        }
    }

    /// Against a list of all outcomes, over gaps of seconds and of days.
    #[test]
    fn an_uptime_is_that_of_a_list(
        steps in prop::collection::vec((gap(), 0..10u8, 1..40usize), 1..60),
    ) {
        let start = start();
        let standing = Standing::new(start);
        let (mut second, mut outcomes) = (0, Vec::new());
        for (gap, outcome, times) in steps {
            second += gap;
            let now = start + Duration::from_secs(second);
            for _ in 0..times {
                outcomes.push((second, outcome));
                match outcome {
                    0 => standing.failed(now),
                    1 => standing.limited(now),
                    2 => standing.called_tools(now, true),
                    3 => standing.called_tools(now, false),
                    _ => standing.succeeded(now, None, None),
                }
            }
            // How many of the ticks of that length, this one included, were such.
            let count = |length: u64, ticks: u64, such: fn(u8) -> bool| {
                let within = |at: u64| second / length - at / length < ticks;
                let counted = outcomes.iter().filter(|(at, outcome)| within(*at) && such(*outcome));
                counted.count() as u32
            };
            for (period, length, ticks) in [
                (Period::FiveMinutes, 10, 30),
                (Period::HalfHour, 60, 30),
                (Period::Day, 900, 96),
            ] {
                let good = count(length, ticks, |outcome| outcome > 3);
                let bad = count(length, ticks, |outcome| outcome == 0);
                prop_assert_eq!(standing.tally(period, now), tally(good, bad));
                let share = (good + bad >= 20).then(|| good * 100_000 / (good + bad));
                prop_assert_eq!(standing.uptime(period, now), share);
            }
            prop_assert_eq!(standing.requests(now), count(60, 30, |outcome| outcome > 3 || outcome == 0));
            prop_assert_eq!(standing.limits(now), count(60, 30, |outcome| outcome == 1));
            let calls = standing.tool_calls(now);
            prop_assert_eq!(calls.answers, count(300, 24, |outcome| outcome == 2 || outcome == 3));
            prop_assert_eq!(calls.faulty, count(300, 24, |outcome| outcome == 3));
            let recent = tally(count(1, 30, |outcome| outcome > 3), count(1, 30, |outcome| outcome < 2));
            prop_assert_eq!(standing.recent(now), recent);
            prop_assert_eq!(standing.is_steady(now), recent.failed == 0 || recent.failed < recent.succeeded);
            let half_hour = standing.tally(Period::HalfHour, now);
            let total = half_hour.succeeded + half_hour.failed;
            let health = match half_hour.failed * 100 {
                _ if total < 100 => Health::Normal,
                failed if failed <= 5 * total => Health::Normal,
                failed if failed <= 20 * total => Health::Degraded,
                _ => Health::Down,
            };
            prop_assert_eq!(standing.health(now), health);
        }
    }
}

// === Health ===

#[test]
fn health_takes_a_hundred_requests_and_falls_at_95_and_80() {
    let start = start();
    for (succeeded, failed, health) in [
        (0, 99, Health::Normal),
        (0, 100, Health::Down),
        (95, 5, Health::Normal),
        (94, 6, Health::Degraded),
        (9499, 501, Health::Degraded),
        (80, 20, Health::Degraded),
        (79, 21, Health::Down),
    ] {
        let standing = Standing::new(start);
        (0..succeeded).for_each(|_| standing.succeeded(start, None, None));
        (0..failed).for_each(|_| standing.failed(start));
        // Neither of them is a request that was answered or failed.
        (0..200).for_each(|_| standing.limited(start));
        (0..200).for_each(|_| standing.called_tools(start, false));
        assert_eq!(standing.health(start), health, "{succeeded}/{failed}");
        let later = start + Duration::from_secs(30 * 60);
        assert_eq!(standing.health(later), Health::Normal);
    }
}

/// 999,999 of a million are not all.
#[test]
fn all_are_all() {
    let start = start();
    let standing = Standing::new(start);
    (0..999_999).for_each(|_| standing.succeeded(start, None, None));
    assert_eq!(standing.uptime(Period::Day, start), Some(100_000));
    standing.failed(start);
    assert_eq!(standing.uptime(Period::Day, start), Some(99_999));
}

#[test]
fn a_limit_is_an_outage_and_no_failure() {
    let start = start();
    let standing = Standing::new(start);
    standing.limited(start);
    assert!(!standing.is_steady(start));
    assert!(standing.is_steady(start + Duration::from_secs(30)));
    assert_eq!((standing.limits(start), standing.requests(start)), (1, 0));
}

// === Load ===

#[test]
fn a_load_is_what_has_begun_and_not_ended() {
    let standing = Standing::new(start());
    standing.began(100);
    // A billion is enough: what a caller asks for is as much as it likes.
    standing.began(u64::MAX);
    assert_eq!(
        (standing.in_flight(), standing.outstanding()),
        (2, 100 + (1 << 30))
    );
    standing.ended(u64::MAX);
    standing.ended(100);
    standing.ended(1);
    assert_eq!((standing.in_flight(), standing.outstanding()), (0, 0));
}

/// Of a catalogue of ten thousand endpoints most are never asked.
#[test]
fn an_endpoint_that_nobody_asks_is_small() {
    assert!(size_of::<Standing>() <= 128, "{}", size_of::<Standing>());
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

/// Seconds from one to the next: of the same slice, of the next one, of another lap, days later.
fn gap() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0..3u64,
        3 => 50..70u64,
        2 => 200..400u64,
        1 => Just(1800u64),
        1 => 80_000..200_000u64,
        1 => Just(300 * 86_400u64),
    ]
}

/// Microseconds, as many of each power of two.
fn sample() -> impl Strategy<Value = u32> {
    (0..28u32).prop_flat_map(|bits| 0..2u32 << bits)
}

/// Within a seventeenth of what it should be, or half a unit, and what rounding takes.
fn near(figure: u128, want: u128, unit: u128) -> bool {
    let off = figure.abs_diff(want);
    off * 17 <= want + 17 || off <= unit / 2
}

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
