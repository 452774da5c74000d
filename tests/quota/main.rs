//! What a caller may spend, ask and hold.

mod answered;
mod apart;
mod basics;
mod late;
mod many;
mod model;
mod replaced;
mod requests;
mod stored;
mod thousand;
mod windows;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use switchtower::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};
use switchtower::{Caller, KeyId, Money};

/// A clock of both kinds that goes when it is told to.
#[derive(Clone, Copy)]
struct Clock {
    first: Instant,
    wall: SystemTime,
    age: Duration,
}

impl Clock {
    /// At noon of a Thursday in 2023.
    fn new() -> Self {
        Self {
            first: Instant::now(),
            wall: UNIX_EPOCH + Duration::from_secs(19_600 * 86_400 + 43_200),
            age: Duration::ZERO,
        }
    }

    fn now(&self) -> Now {
        Now {
            instant: self.first + self.age,
            wall: self.wall,
        }
    }

    fn goes(&mut self, by: Duration) {
        self.age += by;
        self.wall += by;
    }
}

fn caller(key: &str) -> Caller {
    Caller::new(KeyId::of(key))
}

fn of(caller: &Caller) -> Subject<'_> {
    Subject {
        caller: Some(caller),
        ..Subject::default()
    }
}

fn budget(limit: u64, window: Window) -> Limits {
    Limits::new([rule("budget", Scope::Key, Unit::Money, window, limit)])
}

fn rule(name: &str, scope: Scope, unit: Unit, window: Window, limit: u64) -> Rule {
    Rule::new(name, scope, unit, window, limit).unwrap()
}

fn money(picodollars: i64) -> Option<Money> {
    Some(Money::from_picodollars(picodollars))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
