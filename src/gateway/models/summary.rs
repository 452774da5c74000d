//! What a model's endpoints amount to.

use crate::catalog::{Endpoint, Model};
use crate::money::Price;
use crate::wire::{Fields, Modalities};

/// A model as a whole, where its endpoints differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    /// The place of the endpoint that it is told by: the cheapest that anyone may ask without a tier.
    pub(super) top: usize,
    /// What that one asks for a token of input.
    pub(super) prompt: Option<Price>,
    /// What that one asks for a token of output.
    pub(super) completion: Option<Price>,
    /// The model's, or the longest that an endpoint has.
    pub(super) context_length: Option<u64>,
    /// Those that one endpoint or another supports.
    pub(super) parameters: Fields,
    /// Text, unless the catalogue says otherwise.
    pub(super) input: Modalities,
    /// Text, unless the catalogue says otherwise.
    pub(super) output: Modalities,
    /// Does one of them retain nothing?
    pub(super) zdr: bool,
}

// === impl Summary ===

impl Summary {
    pub(super) fn of(model: &Model) -> Self {
        let endpoints = model.endpoints();
        let (top, cheapest) = endpoints
            .iter()
            .enumerate()
            .min_by_key(|(_, endpoint)| (endpoint.tier().is_some(), price(endpoint)))
            .expect("a model has an endpoint");
        let lengths = endpoints
            .iter()
            .filter_map(|endpoint| endpoint.context_length());
        let supported = endpoints
            .iter()
            .filter_map(|endpoint| endpoint.parameters());
        Self {
            top,
            prompt: cheapest.prices().prompt(),
            completion: cheapest.prices().completion(),
            context_length: model.context_length().or(lengths.max()),
            parameters: supported.flat_map(Fields::iter).collect(),
            input: model.input().unwrap_or(Modalities::TEXT),
            output: model.output().unwrap_or(Modalities::TEXT),
            zdr: endpoints.iter().any(|endpoint| endpoint.is_zdr()),
        }
    }

    /// What an average of a token of input and one of output costs, twice, in femtodollars.
    pub(super) fn price(&self) -> Option<u128> {
        let (prompt, completion) = (self.prompt?, self.completion?);
        Some(u128::from(prompt.femtodollars()) + u128::from(completion.femtodollars()))
    }
}

/// Unknown is not free.
fn price(endpoint: &Endpoint) -> u64 {
    let balance = endpoint.prices().balance();
    balance.map_or(u64::MAX, Price::femtodollars)
}
