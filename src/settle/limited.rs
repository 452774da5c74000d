//! What a claim has taken of its caller's limits.

use super::claim::Claim;
use super::record::Record;
use crate::limits::{Exceeded, Limits, Now, Scope, Subject, Taken, Unit};
use crate::money::Money;

/// What a claim has taken of its caller's limits of money and concurrency. Dropped, it gives all back that is not settled.
#[derive(Debug, Default)]
pub(super) struct Limited {
    taken: Taken,
    amount: Money,
}

// === impl Limited ===

impl Limited {
    /// Takes the amount of the claim, and one place among those who are under way.
    pub(super) fn take(limits: &Limits, claim: &Claim) -> Result<Self, Exceeded> {
        let wanted = [(Unit::Money, count(claim.amount)), (Unit::Concurrency, 1)];
        let taken = with_subject(limits, claim, |subject| {
            limits.take(subject, &wanted, claim.now())
        });
        Ok(Self {
            taken: taken?,
            amount: claim.amount,
        })
    }

    /// How much money such a claim could have.
    pub(super) fn available(limits: &Limits, claim: &Claim) -> Option<Money> {
        with_subject(limits, claim, |subject| {
            limits.available(subject, claim.now())
        })
    }

    /// So much is to be paid for it, once; limits of its key count what the key says. What nobody knows is taken to be what
    /// was held.
    pub(super) fn settle(&mut self, record: &Record, began: Now) {
        if self.taken.is_empty() {
            return;
        }
        let now = Now {
            instant: began.instant + record.took,
            wall: began.wall + record.took,
        };
        if let Some(endpoint) = record.answer().and_then(|answer| answer.endpoint.as_ref()) {
            self.taken.only(Scope::Provider, endpoint.provider().slug());
            self.taken.only(Scope::Model, endpoint.model());
        }
        let known = |amount: Option<Money>| count(amount.unwrap_or(self.amount));
        let (counted, paid) = (known(record.counted()), known(record.paid()));
        self.taken.settle_of(Scope::Key, Unit::Money, counted, now);
        self.taken.settle(Unit::Money, paid, now);
        self.taken = Taken::default();
    }
}

fn with_subject<T>(limits: &Limits, claim: &Claim, look: impl FnOnce(&Subject<'_>) -> T) -> T {
    let providers: Vec<_> = match limits.looks_at(Scope::Provider) {
        true => claim.providers().collect(),
        false => Vec::new(),
    };
    let models: Vec<_> = match limits.looks_at_models() {
        true => claim.models().collect(),
        false => Vec::new(),
    };
    look(&Subject {
        caller: claim.caller.as_deref(),
        model: claim.model.as_deref(),
        models: &models,
        providers: &providers,
        user: claim.user.as_deref(),
        tag: claim.tag.as_deref(),
    })
}

fn count(amount: Money) -> u64 {
    u64::try_from(amount.picodollars()).unwrap_or(0)
}
