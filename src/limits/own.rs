//! Rules that come and go.

use std::collections::HashMap;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, PoisonError};

use super::moment::At;
use super::rule::Rule;
use super::scope::Scope;
use super::subject::Subject;
use super::values::{Shared, shared};
use crate::sync::{AtomicU64, Mutex};

/// Rules of one value each: of a key, of an account.
#[derive(Debug)]
pub(super) struct Own {
    by_scope: Mutex<[ByValue; Scope::ALL.len()]>,
    /// How many have rules of their own: most often nobody has.
    values: AtomicU64,
}

type ByValue = HashMap<Box<[u8]>, Vec<Arc<Shared>>>;

// === impl Own ===

impl Own {
    pub(super) fn new() -> Self {
        Self {
            by_scope: Mutex::new(Default::default()),
            values: AtomicU64::new(0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.load(Acquire) == 0
    }

    /// From now on it has these rules. What counted by a rule that counts the same goes on to count; another one begins with
    /// what was used before.
    pub(super) fn set(
        &self,
        scope: Scope,
        value: Box<[u8]>,
        rules: Vec<(Rule, Vec<(At, u64)>)>,
        mut order: impl FnMut() -> u64,
        at: At,
    ) {
        let mut own = self.by_scope.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = &mut own[scope as usize];
        let mut before = counts.remove(&value).unwrap_or_default();
        let name: Arc<[u8]> = value[..].into();
        let mut after: Vec<Arc<Shared>> = Vec::with_capacity(rules.len());
        for (rule, past) in rules {
            let rule = Arc::new(rule);
            let same = before.iter().position(|count| count.is_of(&rule));
            after.push(match same {
                Some(place) => {
                    let count = before.swap_remove(place);
                    count.with(|counter| counter.set_rule(rule));
                    count
                }
                None => {
                    let count = shared(&rule, name.clone(), order(), at);
                    count.with(|counter| {
                        for (then, amount) in past {
                            counter.charge(amount, then, at);
                        }
                    });
                    count
                }
            });
        }
        if !after.is_empty() {
            counts.insert(value, after);
        }
        let values: usize = own.iter().map(HashMap::len).sum();
        self.values.store(values as u64, Release);
    }

    /// Those of its rules that are of this request.
    pub(super) fn of(&self, subject: &Subject<'_>, mut found: impl FnMut(&Arc<Shared>)) {
        if self.is_empty() {
            return;
        }
        let own = self.by_scope.lock().unwrap_or_else(PoisonError::into_inner);
        for scope in Scope::ALL {
            let counts = &own[scope as usize];
            if counts.is_empty() {
                continue;
            }
            for value in scope.values(subject) {
                counts
                    .get(&*value)
                    .into_iter()
                    .flatten()
                    .for_each(&mut found);
            }
        }
    }

    /// One of each that count the same.
    pub(super) fn rules(&self, rules: &mut Vec<Arc<Rule>>) {
        let own = self.by_scope.lock().unwrap_or_else(PoisonError::into_inner);
        for count in own.iter().flat_map(HashMap::values).flatten() {
            let rule = count.lock().rule().clone();
            if !rules.iter().any(|known| known.is_same(&rule)) {
                rules.push(rule);
            }
        }
    }

    /// Those of this value.
    pub(super) fn find(&self, scope: Scope, value: &[u8], mut found: impl FnMut(&Arc<Shared>)) {
        let own = self.by_scope.lock().unwrap_or_else(PoisonError::into_inner);
        own[scope as usize]
            .get(value)
            .into_iter()
            .flatten()
            .for_each(&mut found);
    }
}
