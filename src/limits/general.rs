//! Rules that hold for all.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Release};

use arc_swap::{ArcSwap, Guard};

use super::rule::Rule;
use super::scope::Scope;
use super::turn::Turn;
use super::unit::Unit;
use super::values::Values;
use crate::sync::AtomicU64;

/// Rules that hold for all, until others [take their place](super::Limits::replace).
#[derive(Debug)]
pub(super) struct General {
    all: ArcSwap<Vec<Arc<Values>>>,
    /// At what they look, a bit each; above that, how often they have been others. Most often there are none.
    word: AtomicU64,
    /// Whose turn is it to put others in their place?
    pub(super) changes: Turn,
}

/// The bits of what they look at: scopes, then units, then models.
const UNITS: usize = Scope::ALL.len();
const OF_MODELS: u64 = 1 << (UNITS + Unit::ALL.len());
const VERSION: u64 = OF_MODELS << 1;

// === impl General ===

impl General {
    pub(super) fn of(rules: impl IntoIterator<Item = Rule>) -> Self {
        let all = numbered(rules).into_iter();
        Self::these(
            all.map(|(rule, nth)| Arc::new(Values::new(rule, nth)))
                .collect(),
        )
    }

    pub(super) fn these(all: Vec<Arc<Values>>) -> Self {
        Self {
            word: AtomicU64::new(looks(&all)),
            all: ArcSwap::from_pointee(all),
            changes: Turn::new(),
        }
    }

    /// Those in force, if there are any.
    pub(super) fn all(&self) -> Option<Guard<Arc<Vec<Arc<Values>>>>> {
        (!self.is_empty()).then(|| self.all.load())
    }

    /// From now on these are in force.
    pub(super) fn put(&self, all: Vec<Arc<Values>>) {
        let looks = looks(&all);
        self.all.store(Arc::new(all));
        let version = (self.word() / VERSION + 1) * VERSION;
        self.word.store(version | looks, Release);
    }

    pub(super) fn rules(&self) -> Vec<Arc<Rule>> {
        let all = self.all.load();
        all.iter().map(|all| all.rule().clone()).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.word().is_multiple_of(VERSION)
    }

    pub(super) fn looks_at(&self, scope: Scope) -> bool {
        self.word() & 1 << scope as usize != 0
    }

    pub(super) fn counts(&self, unit: Unit) -> bool {
        self.word() & 1 << (UNITS + unit as usize) != 0
    }

    pub(super) fn has_models(&self) -> bool {
        self.word() & OF_MODELS != 0
    }

    /// Another one, once others are in force.
    pub(super) fn word(&self) -> u64 {
        self.word.load(Acquire)
    }
}

/// Each, and how many before it count the same.
pub(super) fn numbered(rules: impl IntoIterator<Item = Rule>) -> Vec<(Arc<Rule>, usize)> {
    let mut all: Vec<(Arc<Rule>, usize)> = Vec::new();
    for rule in rules {
        let same = all.iter().filter(|(known, _)| known.is_same(&rule));
        let nth = same.count();
        all.push((Arc::new(rule), nth));
    }
    all
}

fn looks(all: &[Arc<Values>]) -> u64 {
    let looks = all.iter().map(|all| {
        let rule = all.rule();
        let of_models = if rule.has_models() { OF_MODELS } else { 0 };
        1 << rule.scope() as usize | 1 << (UNITS + rule.unit() as usize) | of_models
    });
    looks.fold(0, |one, other| one | other)
}
