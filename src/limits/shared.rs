//! A count that many hold.

use std::ops::DerefMut;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::counter::Counter;
use super::moment::{At, Now};
use super::rule::Rule;
use crate::sync::Mutex;

/// A count that many hold.
#[derive(Debug)]
pub(super) struct Shared {
    /// Its place in the order in which counts are locked, so that nobody waits for each other.
    pub(super) order: u64,
    /// By what it counts; nothing: all that have no count of their own.
    pub(super) value: Arc<[u8]>,
    /// The first moment of its table.
    first: Instant,
    counter: Mutex<Counter>,
}

// === impl Shared ===

impl Shared {
    pub(super) fn new(
        rule: &Arc<Rule>,
        value: Arc<[u8]>,
        order: u64,
        (first, at): (Instant, At),
    ) -> Arc<Self> {
        Arc::new(Self {
            order,
            value,
            first,
            counter: Mutex::new(Counter::new(rule.clone(), at)),
        })
    }

    pub(super) fn lock(&self) -> impl DerefMut<Target = Counter> {
        self.counter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Counter) -> T) -> T {
        look(&mut self.lock())
    }

    /// As it counts time.
    pub(super) fn at(&self, now: Now) -> At {
        At::new(now, self.first)
    }

    /// Does it count the same as this rule does?
    pub(super) fn is_of(&self, rule: &Rule) -> bool {
        self.lock().rule().is_same(rule)
    }

    /// Does nobody have it, and does it count nothing? Whoever has one got it under the lock of all of them.
    pub(super) fn is_idle(shared: &mut Arc<Self>, at: At) -> bool {
        let Some(shared) = Arc::get_mut(shared) else {
            return false;
        };
        let counter = shared.counter.get_mut();
        counter.unwrap_or_else(PoisonError::into_inner).is_idle(at)
    }
}
