//! Claims of a ledger what a plan may cost.

use std::time::SystemTime;

use super::afford::{Survey, narrowed};
use super::apart::take_apart;
use super::asks::Asks;
use super::counted::Counted;
use super::estimate::{amount, unlimited};
use super::held::{Claim, Held};
use super::no_bound::NoBound;
use super::refusal::{no_bound, nobody};
use crate::catalog::HoldPolicy;
use crate::error::Error;
use crate::money::{Money, Ratio};
use crate::payload::Payload;
use crate::plan::{Candidate, Plan};
use crate::settle::ledger::Slot;

/// By what is the amount of a claim told?
#[derive(Clone, Copy, Debug)]
pub(in crate::settle) struct Terms<'a> {
    pub(in crate::settle) policy: HoldPolicy,
    pub(in crate::settle) asks: &'a Asks,
    /// What is asked beside a charge.
    pub(in crate::settle) fee: Ratio,
    /// Do the limits count what the caller's own keys cost?
    pub(in crate::settle) includes_own: bool,
    pub(in crate::settle) wall: SystemTime,
    pub(in crate::settle) payload: &'a Payload,
    pub(in crate::settle) counted: &'a Counted<'a>,
}

/// How often a claim is made smaller, should others take what was there a moment ago.
pub(super) const TRIES: usize = 4;

/// Takes a claim for the dearest candidate that can be afforded, and gives the plan that is left, if that is another one.
pub(in crate::settle) fn take<S: Slot>(
    slot: &mut S,
    claim: &mut Claim,
    plan: Option<&Plan>,
    terms: Terms<'_>,
) -> Result<(Held, Option<Plan>), Error> {
    let candidates = plan.map_or(&[][..], |plan| &plan.candidates);
    if let Some(plan) = plan.filter(|_| slot.tells_apart()) {
        return take_apart(slot, claim, plan, terms);
    }
    let mut tries = TRIES;
    loop {
        let (Some(plan), Some(available)) = (plan, slot.available(claim)) else {
            let amounts = candidates
                .iter()
                .map(|candidate| terms.unlimited(candidate));
            claim.amount = amounts.max().unwrap_or_default();
            return Ok((slot.hold(claim)?, None));
        };
        let of_all = candidates.iter().map(|it| (terms.amount(it), available));
        let survey = Survey::of(of_all);
        let left = |available| narrowed(plan, |at| (terms.amount(&candidates[at]), available));
        if survey.kept == 0 {
            let Some(cheapest) = survey.cheapest else {
                let why = survey.no_bound.unwrap_or(NoBound::Price);
                return Err(nobody(no_bound(why, terms.payload), left(available)));
            };
            // The ledger says it in its own words; or there is room for that one by now.
            claim.amount = cheapest;
            return match slot.hold(claim) {
                Ok(held) => Ok((held, Some(left(cheapest)))),
                Err(error) => Err(nobody(error, left(available))),
            };
        }
        claim.amount = survey.dearest;
        match slot.hold(claim) {
            Ok(held) => {
                let fewer = survey.kept < candidates.len();
                return Ok((held, fewer.then(|| left(available))));
            }
            Err(error) => {
                tries -= 1;
                let now = slot.available(claim);
                if tries == 0 || now.is_none_or(|now| now >= claim.amount) {
                    return Err(error);
                }
            }
        }
    }
}

// === impl Terms ===

impl Terms<'_> {
    pub(super) fn amount(&self, candidate: &Candidate) -> Result<Money, NoBound> {
        let amount = amount(self.policy, candidate, self.asks, self.counted, self.wall);
        amount.map(|amount| self.counted(candidate, amount))
    }

    pub(super) fn unlimited(&self, candidate: &Candidate) -> Money {
        let amount = unlimited(self.policy, candidate, self.asks, self.counted, self.wall);
        self.counted(candidate, amount)
    }

    /// With a key of its own the caller pays the fee, and what it costs is counted only where its limits say so.
    fn counted(&self, candidate: &Candidate, amount: Money) -> Money {
        match &candidate.own_key {
            None => amount.saturating_add(self.fee.of(amount)),
            Some(own) if self.includes_own => amount.saturating_add(own.fee().of(amount)),
            Some(own) => own.fee().of(amount),
        }
    }
}
