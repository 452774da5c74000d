//! Who cannot, or may not, answer the request?

use std::cell::OnceCell;

use super::caps::Caps;
use super::named::{exactly, named};
use super::needs::Needs;
use crate::caller::Caller;
use crate::catalog::{Endpoint, Prices, UnknownPrices};
use crate::choose::ask::Ask;
use crate::choose::models::Wanted;
use crate::keys::Rights;
use crate::payload::Payload;
use crate::plan::Filter;
use crate::wire::{Fields, Preferences, Tier};

/// The hard filters of one request, prepared once.
#[derive(Debug)]
pub(in crate::choose) struct Filters<'a> {
    pub(in crate::choose) preferences: &'a Preferences,
    pub(in crate::choose) needs: Needs,
    caps: Caps,
    rights: Option<&'a Rights>,
    payload: &'a Payload,
    /// Counted once there is somebody whom the prompt may not fit.
    least_prompt: OnceCell<u64>,
}

// === impl Filters ===

impl<'a> Filters<'a> {
    pub(in crate::choose) fn new(ask: &Ask<'a>, preferences: &'a Preferences) -> Self {
        Self {
            preferences,
            needs: Needs::of(ask.payload),
            caps: Caps::of(&preferences.max_price),
            rights: ask.caller.map(Caller::rights),
            payload: ask.payload,
            least_prompt: OnceCell::new(),
        }
    }

    /// The first filter that removes this endpoint, at the prices in force for the request.
    pub(in crate::choose) fn rejects(
        &self,
        wanted: &Wanted<'_>,
        endpoint: &Endpoint,
        prices: &Prices,
    ) -> Option<Filter> {
        let (wish, needs) = (self.preferences, &self.needs);
        let listed = |names: &[String]| names.iter().any(|name| named(name, endpoint));
        let output = needs.max_output.unwrap_or(0);
        let may = |may: &dyn Fn(&Rights) -> bool| self.rights.is_none_or(may);
        let rules = [
            (
                Filter::AllowedModels,
                !may(&|rights| rights.allow_model(wanted.model)),
            ),
            (
                Filter::AllowedProviders,
                !may(&|rights| rights.allow_provider(endpoint)),
            ),
            (Filter::Only, !wish.only.is_empty() && !listed(&wish.only)),
            (Filter::Ignore, listed(&wish.ignore)),
            (
                Filter::DataCollection,
                wish.deny_data_collection && endpoint.collects_data(),
            ),
            (Filter::Zdr, wish.zdr && !endpoint.is_zdr()),
            (
                Filter::Distillable,
                wish.enforce_distillable_text && !wanted.model.is_distillable(),
            ),
            (
                Filter::Quantizations,
                !wish.quantizations.is_empty()
                    && !wish.quantizations.admits(endpoint.quantization()),
            ),
            (Filter::MaxPrice, !self.caps.admit(prices)),
            (
                Filter::UnknownPrice,
                endpoint.unknown_price() == Some(&UnknownPrices::Deny),
            ),
            (
                Filter::RequireParameters,
                wish.require_parameters && !self.unsupported(endpoint).is_empty(),
            ),
            (
                Filter::Input,
                endpoint
                    .input()
                    .is_some_and(|reads| !reads.covers(needs.input)),
            ),
            (
                Filter::Output,
                endpoint
                    .output()
                    .is_some_and(|writes| !writes.covers(needs.output)),
            ),
            (Filter::ContextLength, self.is_too_long(endpoint, output)),
            (
                Filter::MaxTokens,
                endpoint
                    .max_completion_tokens()
                    .is_some_and(|most| most < output),
            ),
            (
                Filter::ServiceTier,
                endpoint
                    .tier()
                    .is_some_and(|tier| !self.admits(tier, endpoint, wanted)),
            ),
        ];
        let broken = rules.into_iter().find(|(_, broken)| *broken);
        broken.map(|(filter, _)| filter)
    }

    /// The parameters of the request that the endpoint does not say to support.
    pub(in crate::choose) fn unsupported(&self, endpoint: &Endpoint) -> Fields {
        let supported = endpoint.parameters().unwrap_or_default();
        self.needs.parameters.unmet_by(supported)
    }

    /// Has it no room for the prompt, and an answer of so many tokens? Only a prompt that looks too long is counted.
    fn is_too_long(&self, endpoint: &Endpoint, output: u64) -> bool {
        let beyond = |prompt: u64| {
            let both = prompt.saturating_add(output);
            endpoint.context_length().is_some_and(|most| most < both)
                || endpoint
                    .max_prompt_tokens()
                    .is_some_and(|most| most < prompt)
        };
        let counted = || self.needs.least_prompt_of(self.payload);
        beyond(self.needs.least_prompt) && beyond(*self.least_prompt.get_or_init(counted))
    }

    /// Is an endpoint of this tier let in?
    fn admits(&self, tier: Tier, endpoint: &Endpoint, wanted: &Wanted<'_>) -> bool {
        let (wish, asked) = (self.preferences, self.needs.tier);
        let by_variant = wanted.effects.tier() == Some(tier)
            && wish.order.is_empty()
            && asked != Some(Tier::Default);
        asked == Some(tier)
            || by_variant
            || exactly(&wish.only, endpoint)
            || exactly(&wish.order, endpoint)
    }
}
