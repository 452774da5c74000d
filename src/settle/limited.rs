//! What a claim has taken of its caller's limits.

use std::sync::Arc;

use super::claim::Claim;
use super::record::Record;
use crate::limits::{
    Amounts, Exceeded, Guest, Limits, Now, Rule, Scope, Share, Subject, Taken, Unit, Unwritten,
};
use crate::money::Money;

/// What a claim has taken of its caller's limits of money and concurrency. Dropped, it gives all back that is not settled.
#[derive(Debug, Default)]
pub(super) struct Limited {
    taken: Taken,
    amount: Money,
    shares: Shares,
}

/// By what is it counted that other processes count as well? Most often by nothing.
pub(super) type Shares = Option<Arc<[Share]>>;

// === impl Limited ===

impl Limited {
    /// Takes the amount of the claim, and one place among those who are under way.
    pub(super) fn take(limits: &Limits, claim: &Claim) -> Result<Self, Exceeded> {
        Self::take_of(limits, claim, false)
    }

    /// Likewise, also what is set aside for whoever has waited for a lease.
    pub(super) fn take_waited(limits: &Limits, claim: &Claim) -> Result<Self, Exceeded> {
        Self::take_of(limits, claim, true)
    }

    fn take_of(limits: &Limits, claim: &Claim, has_waited: bool) -> Result<Self, Exceeded> {
        if limits.is_empty() && !limits.expects_rules() {
            return Ok(Self::default());
        }
        let amount = |rule: &Rule, value: &[u8]| match rule.unit() {
            Unit::Money => count(claim.amount_by(rule, value)),
            Unit::Concurrency => 1,
            Unit::Requests | Unit::Tokens => 0,
        };
        let wanted = (&[Unit::Money, Unit::Concurrency][..], &amount);
        let taken = limits.steadily(|| {
            with_subject(limits, claim, |subject| {
                limits.take_of(|| guest(claim), subject, wanted, has_waited, claim.now())
            })
        });
        let taken = taken?;
        let shares = match limits.is_shared() {
            true => taken.shares(),
            false => Vec::new(),
        };
        Ok(Self {
            taken,
            amount: claim.amount,
            shares: (!shares.is_empty()).then(|| shares.into()),
        })
    }

    /// By what it is counted that other processes count as well.
    pub(super) fn shared(&self) -> &Shares {
        &self.shares
    }

    /// By what such a claim would be, and how much of it.
    pub(super) fn shares(limits: &Limits, claim: &Claim) -> Vec<(Share, u64)> {
        let shares = with_subject(limits, claim, |subject| limits.shares(subject, claim.now()));
        let amount = |share: &Share| count(claim.amount_by(&share.rule(), share.value()));
        let shares = shares.into_iter();
        shares
            .map(|share| (share.clone(), amount(&share)))
            .collect()
    }

    /// How much money such a claim could have.
    pub(super) fn available(limits: &Limits, claim: &Claim) -> Option<Money> {
        if limits.is_empty() {
            return None;
        }
        with_subject(limits, claim, |subject| {
            limits.available(subject, claim.now())
        })
    }

    /// So much is to be paid for it, once; limits of its key count what the key says. What nobody knows is taken to be what
    /// was held. Until what is returned is dropped, limits that come take it to be missing in the books.
    pub(super) fn settle(&mut self, record: &Record, began: Now) -> Option<Unwritten> {
        if self.taken.is_empty() {
            return None;
        }
        let now = Now {
            instant: began.instant + record.took,
            wall: began.wall + record.took,
        };
        let answered = record.answer().and_then(|answer| answer.endpoint.as_ref());
        let model = answered.map(|endpoint| endpoint.model());
        let provider = answered.map(|endpoint| endpoint.provider().slug());
        // As its row will tell it.
        let subject = Subject {
            caller: record.caller.as_deref(),
            model: record.requested.as_deref(),
            models: model.as_slice(),
            providers: provider.as_slice(),
            user: record.user.as_deref(),
            tag: record.tag.as_deref(),
        };
        let known = |amount: Option<Money>| count(amount.unwrap_or(self.amount));
        let (read, written) = (
            record.usage.prompt_tokens(),
            record.usage.completion_tokens(),
        );
        let used = Amounts {
            money: known(record.paid()),
            of_key: known(record.counted()),
            requests: 1,
            tokens: read.saturating_add(written),
            concurrency: 0,
        };
        self.taken.finish(used, (&subject, answered), now)
    }
}

/// As limits that come later look at it.
fn guest(claim: &Claim) -> Guest {
    let money = count(claim.amount);
    Guest {
        caller: claim.caller.clone(),
        model: claim.model.clone(),
        user: claim.user.clone(),
        tag: claim.tag.clone(),
        call: claim.call.clone(),
        now: claim.now(),
        amounts: Amounts {
            money,
            of_key: money,
            requests: 1,
            tokens: claim.call.need().tokens(),
            concurrency: 1,
        },
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
