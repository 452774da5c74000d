//! What a request has taken.

use std::fmt;
use std::sync::Arc;

use super::counter::Counter;
use super::level::Level;
use super::moment::Now;
use super::scope::Scope;
use super::share::Share;
use super::shared::Shared;
use super::table::Limits;
use super::tally::Place;
use super::under_way::Amounts;
use super::unit::Unit;
use crate::catalog::Endpoint;

/// What a request has taken of its limits. What is not [settled](Self::settle) is given back when it is dropped.
///
/// [`Limits`] has an example.
#[derive(Default)]
#[must_use = "what is dropped is given back"]
pub struct Taken {
    parts: Vec<Part>,
    /// Where it is found by rules that come later.
    known: Option<Unwritten>,
}

/// What is under way, or over and not yet in the books: rules that come count it until this is dropped.
#[must_use = "what is dropped is in the books, or has never been"]
pub(crate) struct Unwritten {
    limits: Limits,
    place: usize,
}

#[derive(Debug)]
pub(super) struct Part {
    pub(super) count: Arc<Shared>,
    pub(super) unit: Unit,
    pub(super) amount: u64,
    pub(super) place: Place,
    /// As it was when this was taken.
    pub(super) level: Level,
}

// === impl Taken ===

impl Taken {
    pub(super) fn known(limits: &Limits, place: usize) -> Self {
        Self {
            parts: Vec::new(),
            known: Some(Unwritten {
                limits: limits.clone(),
                place,
            }),
        }
    }

    pub(super) fn put(&mut self, parts: Vec<Part>) {
        self.parts = parts;
    }

    /// So much was used of this unit, once: more or less than was taken. It counts in the window in which it was taken.
    pub fn settle(&mut self, unit: Unit, used: u64, now: Now) {
        self.settle_where(|part| part.unit == unit, used, now);
    }

    /// The same, only by the rules of this scope.
    pub fn settle_of(&mut self, scope: Scope, unit: Unit, used: u64, now: Now) {
        let is_of = |part: &Part| part.unit == unit && part.level.rule.scope() == scope;
        self.settle_where(is_of, used, now);
    }

    fn settle_where(&mut self, is_of: impl Fn(&Part) -> bool, used: u64, now: Now) {
        self.parts.retain(|part| {
            let is_of = is_of(part);
            if is_of {
                part.settle(used, now);
            }
            !is_of
        });
    }

    /// So much was used, of this endpoint if of any, by all rules that have come meanwhile as well; those that come before the
    /// books know it will count it too. Nothing is taken any more.
    pub(crate) fn finish(
        &mut self,
        used: Amounts,
        answered: Option<&Arc<Endpoint>>,
        now: Now,
    ) -> Option<Unwritten> {
        let known = self.known.take();
        let later = known.as_ref().map(|it| it.over(used, answered.cloned()));
        let parts = std::mem::take(&mut self.parts).into_iter();
        for part in parts.chain(later.into_iter().flatten()) {
            let rule = &part.level.rule;
            if answered.is_some_and(|endpoint| part.is_of_another(endpoint)) {
                part.give_back();
            } else {
                part.settle(used.of(rule), now);
            }
        }
        known
    }

    /// Of this scope only this one counts, by its name: what was taken of others is given back. So whoever answers is charged, of all
    /// providers or models that might have been.
    pub fn only(&mut self, scope: Scope, value: &str) {
        let Some(value) = scope.value(value) else {
            return;
        };
        self.parts.retain(|part| {
            let is_other = part.is_other(scope, &value);
            if is_other {
                part.give_back();
            }
            !is_other
        });
    }

    /// Of which of it do other processes count as well?
    #[must_use]
    pub fn shares(&self) -> Vec<Share> {
        let counts = self.parts.iter().map(|part| &part.count);
        Share::of(counts).collect()
    }

    /// Is nothing taken, or all of it settled?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.known.is_none()
    }

    /// Of this unit, the limit of which the smallest share was left when this had been taken.
    #[must_use]
    pub fn nearest(&self, unit: Unit) -> Option<&Level> {
        let levels = self.parts.iter().filter(|part| part.unit == unit);
        let levels = levels.map(|part| &part.level);
        levels.reduce(|one, other| if other.is_nearer(one) { other } else { one })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.parts.iter().for_each(Part::give_back);
        // So does what it has taken of rules that have come meanwhile.
        self.known.take();
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts.iter();
        let parts = parts.map(|part| (part.level.rule.name(), part.amount));
        f.debug_map().entries(parts).finish()
    }
}

// === impl Unwritten ===

impl Unwritten {
    fn over(&self, used: Amounts, answered: Option<Arc<Endpoint>>) -> Vec<Part> {
        self.limits.own().over(self.place, used, answered)
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        let later = self.limits.own().leave(self.place);
        later.iter().for_each(Part::give_back);
    }
}

impl fmt::Debug for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Unwritten").field(&self.place).finish()
    }
}

// === impl Part ===

impl Part {
    fn settle(&self, used: u64, now: Now) {
        let at = self.count.at(now);
        let settle = |counter: &mut Counter| counter.settle(self.place, self.amount, used, at);
        self.count.tell(self.count.with(settle).as_ref());
    }

    fn give_back(&self) {
        self.count
            .with(|counter| counter.give_back(self.place, self.amount));
    }

    /// Is it of another one of this scope than this value?
    fn is_other(&self, scope: Scope, value: &[u8]) -> bool {
        let counted = &*self.count.value;
        self.level.rule.scope() == scope && !counted.is_empty() && *counted != *value
    }

    /// Is it of another provider or model than this endpoint's?
    fn is_of_another(&self, endpoint: &Endpoint) -> bool {
        let is_other = |scope: Scope, name: &str| {
            let value = scope.value(name);
            value.is_some_and(|value| self.is_other(scope, &value))
        };
        match self.level.rule.scope() {
            Scope::Provider => is_other(Scope::Provider, endpoint.provider().slug()),
            Scope::Model => is_other(Scope::Model, endpoint.model()),
            Scope::Account | Scope::Key | Scope::User | Scope::Tag => false,
        }
    }
}
