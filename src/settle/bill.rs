//! What does a provider bill for an attempt?

use std::time::SystemTime;

use super::cost::{Cost, of, worst};
use super::evidence::Evidence;
use crate::attempt::Attempt;
use crate::call::Call;
use crate::catalog::{Endpoint, Prices, ReportedCost, UnknownPrices};
use crate::found::Found;
use crate::money::{Femto, Money};
use crate::usage::Usage;

/// The bill of an attempt.
#[derive(Debug)]
pub(super) struct Bill {
    pub(super) cost: Cost,
    /// The part for the prompt.
    pub(super) prompt: Option<Money>,
    /// By the price list.
    pub(super) listed: Option<Money>,
}

/// The prices of an attempt: those of the tier in which it was answered, as they stood when it was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates<'a> {
    endpoint: &'a Endpoint,
    list: &'a Prices,
    /// Are they what the provider asks, for all that is known?
    sure: bool,
    asked: SystemTime,
}

// === impl Bill ===

impl Bill {
    pub(super) fn of(call: &Call, attempt: &Attempt, found: &Found, evidence: &Evidence) -> Self {
        let rates = Rates::of(call, attempt, found);
        let at_most = || {
            let rates = rates.filter(|rates| rates.sure)?;
            worst(rates.list, evidence.at_most.as_ref()?).map(Femto::round)
        };
        let Some(usage) = evidence.usage else {
            let nothing = Some(Money::ZERO);
            return Self {
                cost: match evidence.at_most {
                    None => Cost::exact(Money::ZERO),
                    Some(_) => Cost::estimated(nothing, at_most()),
                },
                prompt: nothing,
                listed: nothing,
            };
        };
        let listed = rates.and_then(|rates| rates.price(&usage));
        let final_word = evidence.at_most.is_none();
        let by_list = rates.is_some_and(|rates| rates.go_before_the_report()) && listed.is_some();
        let cost = match (found.cost, listed) {
            _ if found.unread => Cost::estimated(None, at_most()),
            (Some(reported), _) if final_word && !by_list => Cost::exact(reported),
            (Some(reported), None) => Cost::estimated(Some(reported), None),
            (_, Some(listed)) if final_word && rates.is_some_and(|rates| rates.sure) => {
                Cost::exact(listed)
            }
            (_, listed) => Cost::estimated(listed, at_most()),
        };
        let prompt = rates.and_then(|rates| rates.price(&read(usage)));
        Self {
            // Of a cost that the provider reports, the rest is at least nothing.
            prompt: prompt.map(|prompt| cost.amount.map_or(prompt, |whole| whole.min(prompt))),
            cost,
            listed,
        }
    }
}

/// Without what was written.
fn read(usage: Usage) -> Usage {
    Usage {
        output: 0,
        reasoning: 0,
        audio_output: 0,
        image_output: 0,
        web_searches: 0,
        ..usage
    }
}

// === impl Rates ===

impl<'a> Rates<'a> {
    /// None where there was no plan.
    pub(super) fn of(call: &Call, attempt: &'a Attempt, found: &Found) -> Option<Self> {
        let endpoint = &*attempt.candidate()?.endpoint;
        let own = endpoint.prices();
        let served = match found.tier {
            Some(tier) => endpoint.prices_in(tier),
            None => Some(own),
        };
        let assumed = matches!(endpoint.unknown_price(), Some(UnknownPrices::Assume(_)));
        Some(Self {
            endpoint,
            list: served.unwrap_or(own),
            sure: served.is_some() && !assumed,
            asked: call.wall_at(attempt.started()),
        })
    }

    /// What this usage costs; none if a price that it needs is unknown.
    pub(super) fn price(&self, usage: &Usage) -> Option<Money> {
        let prices = self.list.at(usage.prompt_tokens(), self.asked);
        of(&prices, usage).map(Femto::round)
    }

    /// Do they count for more than what the provider itself reports?
    fn go_before_the_report(&self) -> bool {
        let audited = self.endpoint.provider().reported_cost() == ReportedCost::Audit;
        audited && self.endpoint.unknown_price().is_none()
    }
}
