//! When a window is over, and when it is not.

use std::num::NonZeroU32;

use switchtower::Period;
use switchtower::limits::{Limits, Scope, Unit, Window};

use super::*;

#[test]
fn a_day_is_over_at_midnight() {
    let (limits, mut clock, caller) = (
        budget(10, Window::Calendar(Period::Daily)),
        Clock::new(),
        caller("a"),
    );
    let mut taken = limits
        .take(&of(&caller), &[(Unit::Money, 4)], clock.now())
        .unwrap();
    clock.goes(seconds(43_199));
    assert_eq!(limits.available(&of(&caller), clock.now()), money(6));
    clock.goes(seconds(1));
    // What is under way counts still; its charge is one of yesterday.
    assert_eq!(limits.available(&of(&caller), clock.now()), money(6));
    taken.settle(Unit::Money, 4, clock.now());
    assert_eq!(limits.available(&of(&caller), clock.now()), money(10));
}

/// Nobody gets a day's budget twice by way of the clock.
#[test]
fn a_clock_that_is_set_back_empties_no_window() {
    let (limits, mut clock, caller) = (
        budget(10, Window::Calendar(Period::Daily)),
        Clock::new(),
        caller("a"),
    );
    let spend = |now| {
        let taken = limits.take(&of(&caller), &[(Unit::Money, 10)], now);
        taken.map(|mut taken| taken.settle(Unit::Money, 10, now))
    };
    spend(clock.now()).unwrap();
    clock.goes(seconds(43_200 + 60));
    spend(clock.now()).unwrap();
    // An hour back is yesterday, and then it is today once more.
    clock.wall -= seconds(3600);
    assert!(spend(clock.now()).is_err());
    clock.goes(seconds(3600));
    assert!(spend(clock.now()).is_err());
    clock.goes(seconds(86_400));
    spend(clock.now()).unwrap();
}

/// Nor is anybody held up for years because it was wrong.
#[test]
fn a_clock_that_was_ahead_holds_nobody_up_for_more_than_a_window() {
    let (limits, mut clock, caller) = (
        budget(10, Window::Calendar(Period::Daily)),
        Clock::new(),
        caller("a"),
    );
    let spend = |now| {
        let taken = limits.take(&of(&caller), &[(Unit::Money, 10)], now);
        taken.map(|mut taken| taken.settle(Unit::Money, 10, now))
    };
    clock.wall += seconds(86_400 * 1000);
    spend(clock.now()).unwrap();
    clock.wall -= seconds(86_400 * 1000);
    assert!(spend(clock.now()).is_err());
    clock.goes(seconds(86_399));
    assert!(spend(clock.now()).is_err());
    clock.goes(seconds(1));
    spend(clock.now()).unwrap();
    assert!(spend(clock.now()).is_err());
}

#[test]
fn what_rolls_is_never_too_short_and_hardly_too_long() {
    let minute = seconds(64);
    let limits = Limits::new([rule(
        "minute",
        Scope::Key,
        Unit::Requests,
        Window::Rolling(minute),
        2,
    )]);
    let (mut clock, caller) = (Clock::new(), caller("a"));
    let ask = |now| {
        let taken = limits.take(&of(&caller), &[(Unit::Requests, 1)], now);
        taken.map(|mut taken| taken.settle(Unit::Requests, 1, now))
    };
    clock.goes(seconds(3));
    ask(clock.now()).unwrap();
    clock.goes(seconds(30));
    ask(clock.now()).unwrap();
    let wait = ask(clock.now()).unwrap_err().retry_after.unwrap();
    assert!(wait >= seconds(34) && wait <= seconds(38), "{wait:?}");
    clock.goes(wait - Duration::from_nanos(1));
    assert!(ask(clock.now()).is_err());
    clock.goes(Duration::from_nanos(1));
    ask(clock.now()).unwrap();
    assert!(ask(clock.now()).is_err());
    // A wall clock is of no account here.
    clock.wall += seconds(86_400);
    assert!(ask(clock.now()).is_err());
}

#[test]
fn what_was_taken_and_given_back_leaves_room_in_a_window_that_rolls() {
    let limits = Limits::new([rule(
        "minute",
        Scope::Key,
        Unit::Tokens,
        Window::Rolling(seconds(64)),
        100,
    )]);
    let (mut clock, caller) = (Clock::new(), caller("a"));
    let take = |amount, now| limits.take(&of(&caller), &[(Unit::Tokens, amount)], now);
    let left = |now| limits.levels(&of(&caller), &[Unit::Tokens], now)[0].remaining();
    let mut first = take(80, clock.now()).unwrap();
    clock.goes(seconds(20));
    first.settle(Unit::Tokens, 30, clock.now());
    assert_eq!(left(clock.now()), 70);
    let second = take(70, clock.now()).unwrap();
    clock.goes(seconds(50));
    assert_eq!(left(clock.now()), 30);
    drop(second);
    assert_eq!(left(clock.now()), 100);
    let mut third = take(10, clock.now()).unwrap();
    third.settle(Unit::Tokens, 130, clock.now());
    assert_eq!(left(clock.now()), 0);
}

#[test]
fn a_bucket_lets_its_burst_through_and_then_flows() {
    let bucket = Window::Bucket {
        period: seconds(60),
        burst: NonZeroU32::new(10).unwrap(),
    };
    let limits = Limits::new([rule("bucket", Scope::Key, Unit::Tokens, bucket, 60)]);
    let (mut clock, caller) = (Clock::new(), caller("a"));
    let take = |amount, now| limits.take(&of(&caller), &[(Unit::Tokens, amount)], now);
    let left = |now| limits.levels(&of(&caller), &[Unit::Tokens], now)[0].remaining();
    let mut all = take(10, clock.now()).unwrap();
    assert_eq!(
        take(1, clock.now()).unwrap_err().retry_after,
        Some(seconds(1))
    );
    // Half of it was not needed.
    all.settle(Unit::Tokens, 5, clock.now());
    assert_eq!(left(clock.now()), 5);
    drop(take(5, clock.now()).unwrap());
    assert_eq!(left(clock.now()), 5);
    clock.goes(seconds(2));
    assert_eq!(left(clock.now()), 7);

    // What is larger than the burst waits for all of it, and those after it for the rest.
    assert_eq!(
        take(20, clock.now()).unwrap_err().retry_after,
        Some(seconds(3))
    );
    clock.goes(seconds(3));
    let large = take(20, clock.now()).unwrap();
    assert_eq!(
        take(1, clock.now()).unwrap_err().retry_after,
        Some(seconds(11))
    );
    // What has flowed off is not given back: others have had it.
    clock.goes(seconds(20));
    let other = take(10, clock.now()).unwrap();
    drop(large);
    assert_eq!(left(clock.now()), 0);
    drop(other);
    assert_eq!(left(clock.now()), 10);
}

/// What waits behind others flows off behind them, also where it was charged after a restart.
#[test]
fn a_bucket_that_is_charged_with_the_past_is_as_full_as_it_was() {
    let bucket = Window::Bucket {
        period: seconds(60),
        burst: NonZeroU32::new(60).unwrap(),
    };
    let caller = caller("a");
    let one = |limits: &Limits, now| {
        let mut taken = limits
            .take(&of(&caller), &[(Unit::Requests, 1)], now)
            .unwrap();
        taken.settle(Unit::Requests, 1, now);
    };
    let left =
        |limits: &Limits, now| limits.levels(&of(&caller), &[Unit::Requests], now)[0].remaining();
    // Of each of these moments a few: at once, in debt, and after all of it has flowed off.
    for past in [
        vec![(2, 60)],
        vec![(70, 60), (2, 1)],
        vec![(90, 60), (40, 30), (30, 20), (1, 3)],
    ] {
        let new = || Limits::new([rule("bucket", Scope::Key, Unit::Requests, bucket, 60)]);
        let (lived, begun, mut clock) = (new(), new(), Clock::new());
        let start = clock;
        clock.goes(seconds(100));
        for (ago, count) in past {
            let mut then = start;
            then.goes(seconds(100 - ago));
            for _ in 0..count {
                one(&lived, then.now());
                begun.charge(&of(&caller), Unit::Requests, 1, then.wall, clock.now());
            }
        }
        assert_eq!(left(&begun, clock.now()), left(&lived, clock.now()));
    }
}

/// An answer that lasts longer than a window moved any number of tokens: what it was let in for counted no more when it was
/// over, and what it had moved never did.
#[test]
fn what_a_long_answer_has_moved_beyond_what_was_expected_counts_when_it_is_over() {
    let window = Window::Rolling(seconds(64));
    let limits = Limits::new([rule("tokens", Scope::Key, Unit::Tokens, window, 1000)]);
    let (mut clock, caller) = (Clock::new(), caller("a"));
    let take =
        |clock: Clock, tokens| limits.take(&of(&caller), &[(Unit::Tokens, tokens)], clock.now());
    let used = |clock: Clock| limits.levels(&of(&caller), &[Unit::Tokens], clock.now())[0].used;
    let mut long = take(clock, 100).unwrap();
    let mut short = take(clock, 100).unwrap();
    clock.goes(seconds(100));
    assert_eq!(used(clock), 0);
    short.settle(Unit::Tokens, 40, clock.now());
    assert_eq!(used(clock), 0, "no more than was expected");
    long.settle(Unit::Tokens, 1100, clock.now());
    assert_eq!(used(clock), 1000);
    assert!(take(clock, 1).is_err());
    clock.goes(seconds(68));
    assert_eq!(used(clock), 0);
}
