//! One rule, and a count for each value that it is counted by.

use std::collections::HashMap;
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
    pub(super) value: Arc<[u8]>,
    /// The first moment of its table.
    first: Instant,
    counter: Mutex<Counter>,
}

/// One rule, and a count for each value.
#[derive(Debug)]
pub(super) struct Values {
    rule: Arc<Rule>,
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    by_value: HashMap<Arc<[u8]>, Arc<Shared>>,
    /// Of all values that have no count of their own.
    rest: Option<Arc<Shared>>,
    /// So many have come since the last sweep.
    since: usize,
}

// === impl Shared ===

impl Shared {
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
}

// === impl Values ===

impl Values {
    pub(super) fn new(rule: Arc<Rule>) -> Self {
        Self {
            rule,
            counts: Mutex::new(Counts {
                by_value: HashMap::new(),
                rest: None,
                // The first sweep is at once.
                since: usize::MAX,
            }),
        }
    }

    pub(super) fn rule(&self) -> &Arc<Rule> {
        &self.rule
    }

    /// The count of this value; a new one, if there is none. There are at most so many, and one for the rest: as long as
    /// that one counts anything, every new value is counted by it, so that nothing that counts is forgotten.
    pub(super) fn of(
        &self,
        value: &[u8],
        most: usize,
        order: impl FnOnce() -> u64,
        (first, at): (Instant, At),
    ) -> Arc<Shared> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = counts.by_value.get(value) {
            return shared.clone();
        }
        let counts = &mut *counts;
        if counts.by_value.len() >= most {
            counts.since = counts.since.saturating_add(1);
            // Of as many as it looks at, so many have come: it costs each the same.
            if counts.since > most / SWEPT {
                counts.since = 0;
                counts.by_value.retain(|_, shared| !is_idle(shared, at));
            }
        }
        let rest_counts = counts.rest.as_mut().is_some_and(|rest| !is_idle(rest, at));
        if !rest_counts {
            counts.rest = None;
            if counts.by_value.len() < most {
                let new = shared(&self.rule, value.into(), order(), (first, at));
                counts.by_value.insert(new.value.clone(), new.clone());
                return new;
            }
        }
        let new = || shared(&self.rule, [].into(), order(), (first, at));
        counts.rest.get_or_insert_with(new).clone()
    }
}

/// One sweep for each sixteenth of all that has come.
const SWEPT: usize = 16;

pub(super) fn shared(
    rule: &Arc<Rule>,
    value: Arc<[u8]>,
    order: u64,
    (first, at): (Instant, At),
) -> Arc<Shared> {
    Arc::new(Shared {
        order,
        value,
        first,
        counter: Mutex::new(Counter::new(rule.clone(), at)),
    })
}

/// Does nobody have it, and does it count nothing? Whoever has one got it under the same lock.
fn is_idle(shared: &mut Arc<Shared>, at: At) -> bool {
    let Some(shared) = Arc::get_mut(shared) else {
        return false;
    };
    let counter = shared.counter.get_mut();
    counter.unwrap_or_else(PoisonError::into_inner).is_idle(at)
}
