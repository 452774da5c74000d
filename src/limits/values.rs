//! One rule, and a count for each value that it is counted by.

use std::collections::HashMap;
use std::ops::DerefMut;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::counter::Counter;
use super::counts::{Counts, SWEPT};
use super::moment::At;
use super::rule::Rule;
use super::scope::Scope;
use super::shared::Shared;
use crate::sync::Mutex;

/// One rule, and a count for each value.
#[derive(Debug)]
pub(super) struct Values {
    rule: Arc<Rule>,
    /// Before it there are so many that count the same.
    pub(super) nth: usize,
    /// A rule that takes its place, and counts the same, goes on with them.
    counts: Arc<Mutex<All>>,
}

/// Of users and tags, which callers make up, each account has a share, so that none takes the place of another's.
#[derive(Debug)]
struct All {
    /// By which new ones count.
    rule: Arc<Rule>,
    counts: Counts,
    by_account: HashMap<Box<[u8]>, Counts>,
    /// How many values of accounts have a count of their own.
    len: usize,
    /// So many have come since the last sweep.
    since: usize,
}

/// An account may have so large a part of all counts of users or tags.
const SHARE: usize = 10;

// === impl Values ===

impl Values {
    pub(super) fn new(rule: Arc<Rule>, nth: usize) -> Self {
        let all = All {
            rule: rule.clone(),
            counts: Counts::default(),
            by_account: HashMap::new(),
            len: 0,
            since: 0,
        };
        Self {
            rule,
            nth,
            counts: Arc::new(Mutex::new(all)),
        }
    }

    /// The same counts, which are to go by this rule once that [holds](Self::hold).
    pub(super) fn with_rule(&self, rule: Arc<Rule>) -> Self {
        Self {
            rule,
            nth: self.nth,
            counts: self.counts.clone(),
        }
    }

    pub(super) fn rule(&self) -> &Arc<Rule> {
        &self.rule
    }

    /// Have both the same counts?
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.counts, &other.counts)
    }

    /// From now on all counts go by its rule, and so do those that whoever still has another rule makes.
    pub(super) fn hold(&self) {
        let mut all = self.all();
        all.rule = self.rule.clone();
        all.each(|count| count.with(|counter| counter.set_rule(self.rule.clone())));
    }

    /// Its rule is gone. All that it counted by.
    pub(super) fn end(&self) -> Vec<Arc<Shared>> {
        let mut ended = Vec::new();
        self.all().each(|count| {
            count.with(Counter::end);
            ended.push(count.clone());
        });
        ended
    }

    /// The count of this value, of so many at the most: see [`Counts::of`].
    pub(super) fn of(
        &self,
        value: &[u8],
        most: usize,
        order: impl FnOnce() -> u64,
        (first, at): (Instant, At),
    ) -> Arc<Shared> {
        let mut all = self.all();
        let rule = all.rule.clone();
        let new = |value| Shared::new(&rule, value, order(), (first, at));
        match self.rule.scope() {
            Scope::User | Scope::Tag => all.of_account(value, most, new, at),
            Scope::Account | Scope::Key | Scope::Model | Scope::Provider => {
                all.counts.of(value, most, new, at)
            }
        }
    }

    fn all(&self) -> impl DerefMut<Target = All> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl All ===

impl All {
    fn each(&self, mut look: impl FnMut(&Arc<Shared>)) {
        let all = self.by_account.values().chain([&self.counts]);
        all.flat_map(Counts::iter).for_each(&mut look);
    }

    fn of_account(
        &mut self,
        value: &[u8],
        most: usize,
        new: impl FnOnce(Arc<[u8]>) -> Arc<Shared>,
        at: At,
    ) -> Arc<Shared> {
        if self.len >= most || self.by_account.len() >= most {
            self.since = self.since.saturating_add(1);
            if self.since > most / SWEPT {
                self.sweep(at);
            }
        }
        let account = Scope::account_of(value);
        let counts = match self.by_account.contains_key(account) {
            true => self.by_account.get_mut(account),
            false if self.by_account.len() < most => {
                Some(self.by_account.entry(account.into()).or_default())
            }
            false => None,
        };
        let Some(counts) = counts else {
            // All accounts that have none.
            return self.counts.of(value, 0, new, at);
        };
        let before = counts.len();
        let share = most
            .div_ceil(SHARE)
            .min(before + most.saturating_sub(self.len));
        let shared = counts.of(value, share, new, at);
        self.len = self.len + counts.len() - before;
        shared
    }

    fn sweep(&mut self, at: At) {
        self.since = 0;
        self.by_account.retain(|_, counts| {
            counts.sweep(at);
            !counts.is_idle(at)
        });
        self.len = self.by_account.values().map(Counts::len).sum();
    }
}
