//! Which candidates can be afforded?

use super::no_bound::NoBound;
use crate::money::Money;
use crate::plan::{Filter, Plan, Rejected};

/// What the candidates of a plan claim.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Survey {
    /// How many can be afforded, and what the dearest of them claims.
    pub(super) kept: usize,
    pub(super) dearest: Money,
    /// What the cheapest of all claims; none if nobody has a bound.
    pub(super) cheapest: Option<Money>,
    /// Why the first one has none.
    pub(super) no_bound: Option<NoBound>,
}

/// By which rule does a candidate leave the plan that claims so much?
pub(super) fn leaves(claims: Result<Money, NoBound>, available: Money) -> Option<Filter> {
    match claims {
        Ok(amount) if amount.is_zero() || amount <= available => None,
        Ok(_) => Some(Filter::Budget),
        Err(no_bound) => Some(no_bound.filter()),
    }
}

// === impl Survey ===

impl Survey {
    /// Of what each of them claims, and what there is for each.
    pub(super) fn of(all: impl Iterator<Item = (Result<Money, NoBound>, Money)>) -> Self {
        all.fold(Self::default(), |mut survey, (claims, available)| {
            match claims {
                Ok(amount) => {
                    let cheapest = survey.cheapest.unwrap_or(amount);
                    survey.cheapest = Some(cheapest.min(amount));
                }
                Err(no_bound) => {
                    survey.no_bound.get_or_insert(no_bound);
                }
            }
            if leaves(claims, available).is_none() {
                survey.kept += 1;
                survey.dearest = survey.dearest.max(claims.unwrap_or_default());
            }
            survey
        })
    }
}

/// The plan without those that cannot be afforded: by what the one at each place claims, and what there is for it.
pub(super) fn narrowed(
    plan: &Plan,
    mut claims: impl FnMut(usize) -> (Result<Money, NoBound>, Money),
) -> Plan {
    let mut plan = plan.clone();
    let (mut at, rejected) = (0, &mut plan.rejected);
    plan.candidates.retain(|candidate| {
        let (amount, available) = claims(at);
        let filter = leaves(amount, available);
        at += 1;
        rejected.extend(filter.map(|filter| Rejected {
            endpoint: candidate.endpoint.clone(),
            filter,
        }));
        filter.is_none()
    });
    plan
}
