//! What a request has taken.

use std::fmt;
use std::sync::Arc;

use super::counter::Crossed;
use super::level::Level;
use super::moment::Now;
use super::scope::Scope;
use super::table::Limits;
use super::tally::Place;
use super::unit::Unit;
use super::values::Shared;

/// What a request has taken of its limits. What is not [settled](Self::settle) is given back when it is dropped.
///
/// [`Limits`] has an example.
#[derive(Default)]
#[must_use = "what is dropped is given back"]
pub struct Taken {
    limits: Option<Limits>,
    parts: Vec<Part>,
}

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
    pub(super) fn new(limits: Limits, parts: Vec<Part>) -> Self {
        Self {
            limits: Some(limits),
            parts,
        }
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
        let Some(limits) = &self.limits else { return };
        let at = limits.at(now);
        self.parts.retain(|part| {
            if !is_of(part) {
                return true;
            }
            let settle = |counter: &mut super::counter::Counter| {
                counter.settle(part.place, part.amount, used, at)
            };
            part.count.with(settle).iter().for_each(Crossed::tell);
            false
        });
    }

    /// Of this scope only this one counts, by its name: what was taken of others is given back. So whoever answers is charged, of all
    /// providers or models that might have been.
    pub fn only(&mut self, scope: Scope, value: &str) {
        let Some(value) = scope.value(value) else {
            return;
        };
        self.parts.retain(|part| {
            let is_other = part.level.rule.scope() == scope
                && !part.count.value.is_empty()
                && *part.count.value != *value;
            if is_other {
                part.give_back();
            }
            !is_other
        });
    }

    /// Is nothing taken, or all of it settled?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
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
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts.iter();
        let parts = parts.map(|part| (part.level.rule.name(), part.amount));
        f.debug_map().entries(parts).finish()
    }
}

// === impl Part ===

impl Part {
    fn give_back(&self) {
        self.count
            .with(|counter| counter.give_back(self.place, self.amount));
    }
}
