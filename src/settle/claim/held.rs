//! What a request claims of the ledger before anybody is asked.

use std::sync::Arc;
use std::time::SystemTime;

use crate::call::Call;
use crate::caller::Caller;
use crate::catalog::Endpoint;
use crate::generation::GenerationId;
use crate::limits::{Now, Rule, Subject};
use crate::money::Money;
use crate::short::Short;

/// What a request claims of a [`Ledger`](crate::settle::Ledger) before anybody is asked: for whom, and how much at most.
///
/// See the example of [`Ledger`](crate::settle::Ledger).
#[derive(Clone, Debug)]
pub struct Claim {
    /// The request's name.
    pub id: GenerationId,
    /// When it came.
    pub created: SystemTime,
    /// Who asks; none where nobody has asked for a key.
    pub caller: Option<Arc<Caller>>,
    /// The model that the caller named.
    pub model: Option<Short>,
    /// The end user, by the caller's word: the body's `user`.
    pub user: Option<Short>,
    /// The caller's own word for what it is about: the header `x-switchtower-tag`.
    pub tag: Option<Short>,
    /// The most that its answer may cost.
    pub amount: Money,
    /// Where limits [tell candidates apart](crate::settle::Slot::tells_apart): those that it is for, by their places in the plan
    /// before any has left it, and the most that the answer of each may cost. Empty: for all of them, each for the same.
    pub apart: Vec<(usize, Money)>,
    /// The call, whose plan says who may be asked.
    pub call: Call,
}

/// Has a claim been taken?
///
/// See the example of [`Ledger`](crate::settle::Ledger).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Yes: the upstream may be asked.
    Now,
    /// It is under way: [`Slot::poll_held`](crate::settle::Slot::poll_held) tells when.
    Later,
}

// === impl Claim ===

impl Claim {
    /// When the request came, by both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        Now {
            instant: self.call.started(),
            wall: self.created,
        }
    }

    /// By their slugs, the providers that may be asked, in their order; one may be there twice.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        let endpoints = self.endpoints();
        endpoints.map(|endpoint| endpoint.provider().slug())
    }

    /// Likewise the models, by their ids.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.endpoints().map(Endpoint::model)
    }

    /// The most that an answer may cost that this rule counts by this value.
    pub(in crate::settle) fn amount_by(&self, rule: &Rule, value: &[u8]) -> Money {
        if self.apart.is_empty() || !rule.tells_apart() {
            return self.amount;
        }
        let counted = self.apart.iter().filter(|(at, _)| {
            let endpoint = self.endpoint(*at);
            endpoint.is_some_and(|endpoint| {
                rule.is_of(
                    &Subject {
                        caller: self.caller.as_deref(),
                        model: self.model.as_deref(),
                        models: &[endpoint.model()],
                        providers: &[endpoint.provider().slug()],
                        user: self.user.as_deref(),
                        tag: self.tag.as_deref(),
                    },
                    value,
                )
            })
        });
        counted.map(|(_, amount)| *amount).max().unwrap_or_default()
    }

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let apart = self.apart.iter().filter_map(|(at, _)| self.endpoint(*at));
        let plan = self.call.plan().filter(|_| self.apart.is_empty());
        let all = plan.map_or(&[][..], |plan| &plan.candidates).iter();
        apart.chain(all.map(|candidate| &*candidate.endpoint))
    }

    /// A claim that waits for a lease is looked at again when others have left the plan.
    fn endpoint(&self, at: usize) -> Option<&Endpoint> {
        let candidate = self.call.whole_plan()?.candidates.get(at)?;
        Some(&*candidate.endpoint)
    }
}
