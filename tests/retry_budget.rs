//! When is the same candidate asked again: the budget, the backoff and the policy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use switchtower::dispatch::retry::{
    Allowance, Backoff, Budget, Budgets, ShouldRetry, Situation, should_retry,
};
use switchtower::{Again, Error, Kind, Phase};

// === Budget ===

#[test]
fn it_begins_with_a_seconds_worth() {
    let start = start();
    assert_eq!(drained(&Budget::new(start), start), 10);
}

#[test]
fn ten_a_second_are_always_there() {
    let start = start();
    let budget = Budget::new(start);
    drained(&budget, start);
    assert!(!budget.withdraw(start + millis(99)));
    assert!(budget.withdraw(start + millis(100)));
    assert!(!budget.withdraw(start + millis(199)));
    assert!(budget.withdraw(start + millis(200)));
    // What was asked for in vain has not moved the drip.
    let mut granted = 0;
    for ms in 201..=10_200 {
        granted += u32::from(budget.withdraw(start + millis(ms)));
    }
    assert_eq!(granted, 100);
}

#[test]
fn a_first_question_earns_a_fifth() {
    let start = start();
    let budget = Budget::new(start);
    drained(&budget, start);
    for _ in 0..4 {
        budget.deposit(start);
        assert!(!budget.withdraw(start));
    }
    budget.deposit(start);
    assert!(budget.withdraw(start));
    assert!(!budget.withdraw(start));
    for _ in 0..100 {
        budget.deposit(start);
    }
    assert_eq!(drained(&budget, start), 20);
}

#[test]
fn it_holds_a_hundred_at_most() {
    let start = start();
    let budget = Budget::new(start);
    for _ in 0..10_000 {
        budget.deposit(start);
    }
    assert_eq!(drained(&budget, start), 100);
    let later = start + Duration::from_secs(3600);
    assert_eq!(drained(&budget, later), 100);
}

#[test]
fn time_going_backwards_earns_nothing_and_loses_nothing() {
    let start = start() + Duration::from_secs(100);
    let budget = Budget::new(start);
    drained(&budget, start + millis(1000));
    // A thread with an earlier `now` drips nothing,
    assert!(!budget.withdraw(start));
    budget.deposit(start - Duration::from_secs(50));
    // and does not turn the clock back for the others.
    assert!(!budget.withdraw(start + millis(1050)));
    assert!(budget.withdraw(start + millis(1080)));
    assert!(!budget.withdraw(start + millis(1080)));
}

/// Milliseconds were counted in 32 bits, so after 49.7 days of uptime the clock of a budget stood
/// still for as long again, and only first questions earned retries.
#[test]
fn it_drips_after_months_as_on_the_first_day() {
    let start = start();
    let day = Duration::from_secs(24 * 60 * 60);
    let budget = Budget::new(start);
    for days in [49, 50, 60, 99, 100, 1000] {
        let then = start + days * day;
        drained(&budget, then);
        assert_eq!(
            drained(&budget, then + Duration::from_secs(2)),
            20,
            "{days}"
        );
    }
}

#[test]
fn threads_never_get_more_than_there_is() {
    let start = start();
    let budget = Budget::new(start);
    for _ in 0..5_000 {
        budget.deposit(start);
    }
    let granted = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    granted.fetch_add(u32::from(budget.withdraw(start)), Relaxed);
                }
            });
        }
    });
    assert_eq!(granted.into_inner(), 100);
}

#[test]
fn threads_that_deposit_and_withdraw_lose_nothing() {
    let start = start();
    let budget = Budget::new(start);
    drained(&budget, start);
    let granted = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    budget.deposit(start);
                    granted.fetch_add(u32::from(budget.withdraw(start)), Relaxed);
                }
            });
        }
    });
    let granted = granted.into_inner() + drained(&budget, start);
    assert_eq!(granted, 4 * 5_000 / 5);
}

proptest! {
    /// Whatever the operator allows: what is granted was there, was earned or has dripped, and no setting overflows.
    #[test]
    fn grants_are_bounded_by_any_allowance(
        percent: u32, per_second: u32, most: u32,
        steps in prop::collection::vec((0..500u64, any::<bool>()), 0..200),
    ) {
        let start = start();
        let budget = Budget::allowing(Allowance { percent, per_second, most }, start);
        let (percent, per_second) = (u64::from(percent.min(1000)), u64::from(per_second.min(1000)));
        let most = u64::from(most.min(10_000));
        let (mut now, mut deposits, mut granted) = (0, 0, 0);
        for (step, deposit) in steps {
            now += step;
            if deposit {
                deposits += 1;
                budget.deposit(start + millis(now));
            } else {
                granted += u64::from(budget.withdraw(start + millis(now)));
            }
            let there = per_second.min(most) * 1000;
            prop_assert!(granted * 1000 <= there + deposits * percent * 10 + now * per_second);
        }
        let left = u64::from(drained(&budget, start + millis(now)));
        prop_assert!(left <= most, "{left} saved of {most}");
    }

    /// Over any history, grants are bounded by what was there, what was earned and what dripped.
    #[test]
    fn grants_are_bounded(steps in prop::collection::vec((0..500u64, any::<bool>()), 0..200)) {
        let start = start();
        let budget = Budget::new(start);
        let (mut now, mut deposits, mut granted) = (0, 0, 0);
        for (step, deposit) in steps {
            now += step;
            if deposit {
                deposits += 1;
                budget.deposit(start + millis(now));
            } else {
                granted += u64::from(budget.withdraw(start + millis(now)));
            }
            prop_assert!(granted * 1000 <= 10_000 + deposits * 200 + now * 10);
        }
    }
}

#[test]
fn every_provider_has_its_own_budget_and_all_clones_share_it() {
    let start = start();
    let budgets = Budgets::default();
    assert_eq!(drained(&budgets.of("acme", start), start), 10);
    assert_eq!(drained(&budgets.clone().of("acme", start), start), 0);
    assert_eq!(drained(&budgets.of("other", start), start), 10);
    assert!(Arc::ptr_eq(
        &budgets.of("acme", start),
        &budgets.of("acme", start)
    ));
}

// === Backoff ===

proptest! {
    #[test]
    fn a_wait_is_within_a_bound_that_doubles(
        base in 0..10_000u64, max in 0..100_000u64, retries: u32, seed: u64,
    ) {
        let backoff = Backoff { base: millis(base), max: millis(max) };
        let wait = backoff.wait(retries, seed);
        prop_assert!(wait <= backoff.max);
        prop_assert!(wait <= backoff.base.saturating_mul(1u32.checked_shl(retries).unwrap_or(u32::MAX)));
        prop_assert_eq!(wait, backoff.wait(retries, seed), "the same seed waits the same");
    }

    #[test]
    fn no_setting_and_no_answer_panics(
        base: u64, max: u64, retries: u32, seed: u64, after in prop::option::of(any::<u64>()),
        time in prop::option::of(any::<u64>()),
    ) {
        let backoff = Backoff { base: Duration::from_secs(base), max: Duration::from_secs(max) };
        let error = Error::new(Kind::RateLimited, "slow down")
            .with_retry_after(after.map(Duration::from_secs));
        let situation = Situation {
            retries, max_retries: u32::MAX, tries: 1, others: 0, seed,
            time: time.map(Duration::from_secs), ..EASY
        };
        if let ShouldRetry::After(wait) = should_retry(&error, &situation, &backoff) {
            prop_assert!(situation.time.is_none_or(|time| wait < time));
            prop_assert!(wait >= error.retry_after().unwrap_or_default());
        }
    }
}

#[test]
fn the_jitter_is_full_and_even() {
    let backoff = Backoff::default();
    let waits: Vec<_> = (0..10_000).map(|seed| backoff.wait(0, seed)).collect();
    assert!(waits.iter().any(|wait| *wait < millis(1)));
    assert!(waits.iter().any(|wait| *wait > millis(99)));
    let mean = waits.iter().sum::<Duration>() / 10_000;
    assert!(mean > millis(48) && mean < millis(52), "{mean:?}");
}

// === Policy ===

/// The whole table: which kinds are asked again while there are others, and which when there is none.
#[test]
fn each_kind_by_the_others_that_are_left() {
    for kind in Kind::ALL {
        let error = Error::new(kind, "");
        let again = |others| {
            let again = kind.disposition().again;
            let situation = Situation {
                again,
                others,
                ..EASY
            };
            should_retry(&error, &situation, &Backoff::default()) != ShouldRetry::No
        };
        let alone = matches!(
            kind,
            Kind::RateLimited
                | Kind::Overloaded
                | Kind::Unavailable
                | Kind::Truncated
                | Kind::Malformed
                | Kind::Connect
                | Kind::Disconnected
        );
        assert_eq!((again(1), again(0)), (false, alone), "{kind:?}");
        assert_eq!(kind.disposition().again == Again::Last, alone, "{kind:?}");
    }
}

#[test]
fn a_silent_provider_is_not_asked_again() {
    for phase in [
        Phase::Headers,
        Phase::FirstToken,
        Phase::Idle,
        Phase::Throughput,
        Phase::Total,
    ] {
        let error = Error::elapsed(phase);
        let again = error.kind().disposition().again;
        let verdict = should_retry(&error, &Situation { again, ..EASY }, &Backoff::default());
        assert_eq!(verdict, ShouldRetry::No);
    }
}

#[test]
fn every_budget_can_say_no() {
    let error = Error::new(Kind::Disconnected, "");
    let ask = |situation| should_retry(&error, &situation, &Backoff::default());
    assert_ne!(ask(EASY), ShouldRetry::No);
    assert_eq!(ask(Situation { tries: 0, ..EASY }), ShouldRetry::No);
    assert_eq!(ask(Situation { retries: 2, ..EASY }), ShouldRetry::No);
    let no_retries = Situation {
        max_retries: 0,
        ..EASY
    };
    assert_eq!(ask(no_retries), ShouldRetry::No);
    let no_time = Situation {
        time: Some(Duration::ZERO),
        ..EASY
    };
    assert_eq!(ask(no_time), ShouldRetry::No);
    let slow = |millis_: u64, fast: u64| Situation {
        took: millis(millis_),
        fast: millis(fast),
        ..EASY
    };
    assert_eq!(ask(slow(5001, 5000)), ShouldRetry::No);
    assert_ne!(ask(slow(5000, 5000)), ShouldRetry::No);
    assert_eq!(ask(slow(0, 0)), ShouldRetry::No, "zero means never");
}

#[test]
fn a_retry_after_is_obeyed_if_it_is_short_and_there_is_time() {
    let limited = |seconds| {
        Error::new(Kind::RateLimited, "").with_retry_after(Duration::from_secs_f64(seconds))
    };
    let ask = |seconds, time: Option<u64>| {
        let situation = Situation {
            time: time.map(Duration::from_secs),
            ..EASY
        };
        should_retry(&limited(seconds), &situation, &Backoff::default())
    };
    // At least as long as asked for, and a little more, so that not all come back at once.
    for seconds in [0.0, 0.5, 4.0, 5.0] {
        let ShouldRetry::After(wait) = ask(seconds, None) else {
            panic!("{seconds} s are short")
        };
        let asked = Duration::from_secs_f64(seconds);
        assert!(
            wait >= asked && wait <= asked + millis(100),
            "{seconds}: {wait:?}"
        );
    }
    // Longer than the longest backoff, or than the time left: move on.
    assert_eq!(ask(5.001, None), ShouldRetry::No);
    assert_eq!(ask(4.0, Some(4)), ShouldRetry::No);
    assert_ne!(ask(4.0, Some(5)), ShouldRetry::No);
    // The longest patience has no room for jitter.
    let forever = Error::new(Kind::RateLimited, "").with_retry_after(Duration::MAX);
    let patient = Backoff {
        max: Duration::MAX,
        ..Backoff::default()
    };
    assert_eq!(
        should_retry(&forever, &EASY, &patient),
        ShouldRetry::After(Duration::MAX)
    );
    // What is never asked again is not asked because of a `Retry-After` either.
    let quota = Error::new(Kind::QuotaExhausted, "").with_retry_after(millis(1));
    let never = Situation {
        again: Kind::QuotaExhausted.disposition().again,
        ..EASY
    };
    assert_eq!(
        should_retry(&quota, &never, &Backoff::default()),
        ShouldRetry::No
    );
}

// === Helpers ===

/// Nothing stands against a retry.
const EASY: Situation = Situation {
    again: Again::Last,
    took: Duration::ZERO,
    fast: Duration::from_secs(5),
    retries: 0,
    max_retries: 2,
    tries: 5,
    others: 0,
    time: None,
    another_key: false,
    seed: 7,
};

/// Withdraws until nothing is left.
fn drained(budget: &Budget, now: Instant) -> u32 {
    std::iter::from_fn(|| budget.withdraw(now).then_some(())).count() as u32
}

fn start() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
