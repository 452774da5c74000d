//! What a request claims of the ledger before anybody is asked.

use std::sync::Arc;
use std::time::SystemTime;

use crate::call::Call;
use crate::caller::Caller;
use crate::catalog::Endpoint;
use crate::generation::GenerationId;
use crate::limits::Now;
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

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let plan = self.call.plan();
        let candidates = plan.map_or(&[][..], |plan| &plan.candidates).iter();
        candidates.map(|candidate| &*candidate.endpoint)
    }
}
