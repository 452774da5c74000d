//! What a request has taken.

use std::fmt;
use std::sync::Arc;

use super::counter::Counter;
use super::level::Level;
use super::moment::Now;
use super::scope::Scope;
use super::share::Share;
use super::shared::Shared;
use super::subject::Subject;
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

    /// So much was used of this subject, by all rules that have come meanwhile as well; those that come before the books know it
    /// will count it too. If somebody has answered, it is what is [only](Self::only) counted. Nothing is taken any more.
    pub(crate) fn finish(
        &mut self,
        used: Amounts,
        (subject, answered): (&Subject<'_>, Option<&Arc<Endpoint>>),
        now: Now,
    ) -> Option<Unwritten> {
        let known = self.known.take();
        let later = known.as_ref().map(|it| it.over(used, answered.cloned()));
        self.parts.extend(later.into_iter().flatten());
        if answered.is_some() {
            self.only(subject);
        }
        for part in self.parts.drain(..) {
            part.settle(used.of(&part.level.rule), now);
        }
        known
    }

    /// Of all models and providers that might have answered only those of this subject have: what was taken by rules that do not count it
    /// is given back.
    pub fn only(&mut self, subject: &Subject<'_>) {
        self.parts.retain(|part| {
            let is_other = part.is_other(subject);
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

    /// Does its rule count others among those who might have answered?
    fn is_other(&self, subject: &Subject<'_>) -> bool {
        let rule = &self.level.rule;
        rule.tells_apart() && !rule.is_of(subject, &self.count.value)
    }
}
