//! Claims of a ledger that tells candidates apart.

use super::afford::{Survey, leaves, narrowed};
use super::held::{Claim, Held};
use super::no_bound::NoBound;
use super::refusal::{no_bound, nobody};
use super::take::{TRIES, Terms};
use crate::error::Error;
use crate::money::Money;
use crate::plan::Plan;
use crate::settle::ledger::Slot;

/// What the candidate at each place claims, and what there is for it.
type Each = Vec<(Result<Money, NoBound>, Money)>;

/// As [`take`](super::take::take), where a budget of one provider or model is none of the others': each candidate is asked for by
/// itself, and of each limit as much is taken as the dearest of those claims that it counts.
pub(super) fn take_apart<S: Slot>(
    slot: &mut S,
    claim: &mut Claim,
    plan: &Plan,
    terms: Terms<'_>,
) -> Result<(Held, Option<Plan>), Error> {
    let mut each = survey(slot, claim, plan, terms);
    let mut tries = TRIES;
    loop {
        let survey = Survey::of(each.iter().copied());
        let Some(cheapest) = survey.cheapest else {
            let why = survey.no_bound.unwrap_or(NoBound::Price);
            let left = narrowed(plan, |at| each[at]);
            return Err(nobody(no_bound(why, terms.payload), left));
        };
        if survey.kept == 0 {
            // The ledger says it in its own words, for the cheapest; or there is room for that one by now.
            let at = each.iter().position(|(claims, _)| *claims == Ok(cheapest));
            let at = at.unwrap_or_default();
            (claim.amount, claim.apart) = (cheapest, vec![(at, cheapest)]);
            let held = slot.hold(claim);
            return match held {
                Ok(held) => {
                    each.iter_mut()
                        .for_each(|(_, available)| *available = Money::ZERO);
                    each[at].1 = cheapest;
                    Ok((held, Some(narrowed(plan, |at| each[at]))))
                }
                Err(error) => Err(nobody(error, narrowed(plan, |at| each[at]))),
            };
        }
        claim.amount = survey.dearest;
        claim.apart = kept(&each);
        let error = match slot.hold(claim) {
            Ok(held) => {
                let fewer = survey.kept < each.len();
                return Ok((held, fewer.then(|| narrowed(plan, |at| each[at]))));
            }
            Err(error) => error,
        };
        let before = std::mem::take(&mut claim.apart);
        each = self::survey(slot, claim, plan, terms);
        tries -= 1;
        // It is not for want of room that it was refused.
        if tries == 0 || kept(&each) == before {
            return Err(error);
        }
    }
}

fn survey<S: Slot>(slot: &S, claim: &mut Claim, plan: &Plan, terms: Terms<'_>) -> Each {
    let candidates = plan.candidates.iter().enumerate();
    let each = candidates.map(|(at, candidate)| {
        claim.apart.clear();
        claim.apart.push((at, Money::ZERO));
        match slot.available(claim) {
            Some(available) => (terms.amount(candidate), available),
            None => (Ok(terms.unlimited(candidate)), Money::MAX),
        }
    });
    each.collect()
}

/// The places of those that can be afforded, and what each claims.
fn kept(each: &Each) -> Vec<(usize, Money)> {
    let each = each.iter().enumerate();
    let kept = each.filter(|(_, (claims, available))| leaves(*claims, *available).is_none());
    kept.map(|(at, (claims, _))| (at, claims.unwrap_or_default()))
        .collect()
}
