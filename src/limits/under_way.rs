//! What is under way, and what is not in the books yet, for the sake of rules that are yet to come.

use std::sync::Arc;
use std::time::SystemTime;

use super::counter::Crossed;
use super::moment::Now;
use super::rule::Rule;
use super::scope::Scope;
use super::shared::Shared;
use super::subject::Subject;
use super::taken::Part;
use super::unit::Unit;
use crate::call::Call;
use crate::caller::Caller;
use crate::catalog::Endpoint;
use crate::short::Short;

/// A request that has been let in, as rules look at it.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) caller: Option<Arc<Caller>>,
    pub(crate) model: Option<Short>,
    pub(crate) user: Option<Short>,
    pub(crate) tag: Option<Short>,
    /// Its plan says who may be asked.
    pub(crate) call: Call,
    /// When it came.
    pub(crate) now: Now,
    /// What it may use of all units.
    pub(crate) amounts: Amounts,
}

/// So much of each unit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Amounts {
    /// Picodollars.
    pub(crate) money: u64,
    /// The same, as limits of the key count it.
    pub(crate) of_key: u64,
    pub(crate) requests: u64,
    pub(crate) tokens: u64,
    pub(crate) concurrency: u64,
}

/// All that have been let in and that the books do not know yet.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    known: Vec<Option<Known>>,
    /// Places in it that are free.
    free: Vec<usize>,
}

#[derive(Debug)]
struct Known {
    guest: Guest,
    /// Is it over, but not in the books? Then who answered, if anybody did.
    over: Option<Option<Arc<Endpoint>>>,
    /// What it has taken of rules that came after it.
    later: Vec<Part>,
}

// === impl Amounts ===

impl Amounts {
    /// What this rule counts of it.
    pub(super) fn of(&self, rule: &Rule) -> u64 {
        match rule.unit() {
            Unit::Money if rule.scope() == Scope::Key => self.of_key,
            Unit::Money => self.money,
            Unit::Requests => self.requests,
            Unit::Tokens => self.tokens,
            Unit::Concurrency => self.concurrency,
        }
    }
}

// === impl UnderWay ===

impl UnderWay {
    /// One more, by whose place it is found again.
    pub(super) fn enter(&mut self, guest: Guest) -> usize {
        let known = Some(Known {
            guest,
            over: None,
            later: Vec::new(),
        });
        match self.free.pop() {
            Some(place) => {
                self.known[place] = known;
                place
            }
            None => {
                self.known.push(known);
                self.known.len() - 1
            }
        }
    }

    /// It is over, and has used so much: what it has taken of rules that came after it.
    pub(super) fn over(
        &mut self,
        place: usize,
        used: Amounts,
        answered: Option<Arc<Endpoint>>,
    ) -> Vec<Part> {
        let Some(Some(known)) = self.known.get_mut(place) else {
            return Vec::new();
        };
        known.guest.amounts = used;
        known.over = Some(answered);
        std::mem::take(&mut known.later)
    }

    /// It is in the books, or it has left: what it has taken of rules that came after it.
    pub(super) fn leave(&mut self, place: usize) -> Vec<Part> {
        let known = self.known.get_mut(place).and_then(Option::take);
        known.map_or_else(Vec::new, |known| {
            self.free.push(place);
            known.later
        })
    }

    /// Of what has been taken of these counts nothing is to be settled: their rules are gone.
    pub(super) fn forget(&mut self, gone: &[Arc<Shared>]) {
        let is_gone = |part: &Part| gone.iter().any(|count| Arc::ptr_eq(count, &part.count));
        for known in self.known.iter_mut().flatten() {
            known.later.retain(|part| !is_gone(part));
        }
    }

    /// This count is a new one, and counts what is under way. Has that crossed a threshold?
    pub(super) fn count_by(&mut self, count: &Arc<Shared>, now: Now) -> Option<Crossed> {
        let rule = count.lock().rule().clone();
        let known = self.known.iter_mut().flatten();
        let crossed = known.filter_map(|known| known.count_by(count, &rule, now));
        crossed.last()
    }

    /// What of a count is charged and not in the books yet, of those who came since.
    pub(super) fn unwritten(&self, count: &Shared, since: SystemTime) -> u64 {
        let rule = count.with(|counter| counter.rule().clone());
        let known = self.known.iter().flatten();
        let over = known.filter(|known| known.over.is_some() && known.guest.now.wall >= since);
        let counted = over
            .filter(|known| known.with_subject(&rule, |subject| rule.is_of(subject, &count.value)));
        counted.fold(0, |sum, known| {
            sum.saturating_add(known.guest.amounts.of(&rule))
        })
    }

    /// This rule is a new one, of which each value has such a count, and counts what is under way. Which thresholds has
    /// that crossed?
    pub(super) fn count_by_all(
        &mut self,
        rule: &Arc<Rule>,
        count: impl Fn(&[u8]) -> Arc<Shared>,
        now: Now,
    ) -> Vec<(Arc<Shared>, Crossed)> {
        let mut crossed = Vec::new();
        for known in self.known.iter_mut().flatten() {
            let mut counts = known.with_subject(rule, |subject| {
                let values = rule.scope().values(subject);
                let values = values.filter(|value| rule.looks_at(subject) && rule.counts(value));
                values.map(|value| count(&value)).collect::<Vec<_>>()
            });
            counts.sort_unstable_by_key(|count| count.order);
            counts.dedup_by_key(|count| count.order);
            let counted = counts.into_iter();
            crossed.extend(counted.filter_map(|count| {
                let crossed = known.count_by(&count, rule, now)?;
                Some((count, crossed))
            }));
        }
        crossed
    }
}

// === impl Known ===

impl Known {
    fn count_by(&mut self, count: &Arc<Shared>, rule: &Arc<Rule>, now: Now) -> Option<Crossed> {
        let is_counted = self.with_subject(rule, |subject| rule.is_of(subject, &count.value));
        if !is_counted {
            return None;
        }
        let amount = self.guest.amounts.of(rule);
        let (then, at) = (count.at(self.guest.now), count.at(now));
        let mut counter = count.lock();
        if self.over.is_some() {
            return counter.charge(amount, then, at);
        }
        let (place, crossed) = counter.take_then(amount, then, at);
        self.later.push(Part {
            count: count.clone(),
            unit: rule.unit(),
            amount,
            place,
            level: counter.level(at),
        });
        crossed
    }

    fn with_subject<T>(&self, rule: &Rule, look: impl FnOnce(&Subject<'_>) -> T) -> T {
        let guest = &self.guest;
        let answered = self.over.as_ref().and_then(Option::as_deref);
        let plan = guest.call.plan().filter(|_| answered.is_none());
        let candidates = plan.map_or(&[][..], |plan| &plan.candidates).iter();
        let endpoints = candidates.map(|candidate| &*candidate.endpoint);
        let endpoints = answered.into_iter().chain(endpoints);
        let models: Vec<_> = match rule.scope() == Scope::Model || rule.has_models() {
            true => endpoints.clone().map(Endpoint::model).collect(),
            false => Vec::new(),
        };
        let providers: Vec<_> = match rule.scope() == Scope::Provider {
            true => endpoints.map(|it| it.provider().slug()).collect(),
            false => Vec::new(),
        };
        look(&Subject {
            caller: guest.caller.as_deref(),
            model: guest.model.as_deref(),
            models: &models,
            providers: &providers,
            user: guest.user.as_deref(),
            tag: guest.tag.as_deref(),
        })
    }
}
