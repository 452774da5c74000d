//! What does the request require?

use crate::catalog::Endpoint;
use crate::error::Error;
use crate::kind::Kind;
use crate::money::Price;
use crate::plan::Filter;
use crate::wire::Preferences;

/// The hard filters of one request.
#[derive(Debug)]
pub(super) struct Filters<'a> {
    preferences: &'a Preferences,
    max_prompt: Option<Price>,
    max_completion: Option<Price>,
    max_request: Option<Price>,
}

// === impl Filters ===

impl<'a> Filters<'a> {
    /// # Errors
    ///
    /// [`Kind::Invalid`] when a price is not one.
    pub(super) fn new(preferences: &'a Preferences) -> Result<Self, Error> {
        let max = &preferences.max_price;
        let per_million = |text: Option<&str>, field: &'static str| {
            text.map(|text| Price::per_million(text).map_err(|bad| not_a_price(field, &bad)))
                .transpose()
        };
        let per_request = |text: Option<&str>, field: &'static str| {
            text.map(|text| text.parse().map_err(|bad| not_a_price(field, &bad)))
                .transpose()
        };
        Ok(Self {
            preferences,
            max_prompt: per_million(max.prompt.as_deref(), "provider.max_price.prompt")?,
            max_completion: per_million(
                max.completion.as_deref(),
                "provider.max_price.completion",
            )?,
            max_request: per_request(max.request.as_deref(), "provider.max_price.request")?,
        })
    }

    /// The first filter that removes this endpoint.
    pub(super) fn rejects(&self, endpoint: &Endpoint) -> Option<Filter> {
        let named = |names: &[String]| names.iter().any(|name| matches(name, endpoint));
        if !self.preferences.only.is_empty() && !named(&self.preferences.only) {
            return Some(Filter::Only);
        }
        if named(&self.preferences.ignore) {
            return Some(Filter::Ignore);
        }
        let prices = endpoint.prices();
        let within = |price: Option<Price>, max: Option<Price>| match (price, max) {
            (_, None) => true,
            (Some(price), Some(max)) => price <= max,
            (None, Some(_)) => false,
        };
        let affordable = within(prices.prompt(), self.max_prompt)
            && within(prices.completion(), self.max_completion)
            && within(prices.request(), self.max_request);
        (!affordable).then_some(Filter::MaxPrice)
    }
}

/// Does this name of `order`, `only` or `ignore` mean this endpoint?
pub(super) fn matches(name: &str, endpoint: &Endpoint) -> bool {
    let provider = endpoint.provider();
    name == endpoint.tag() || name == provider.slug() || name.eq_ignore_ascii_case(provider.name())
}

fn not_a_price(field: &'static str, bad: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Invalid, format!("`{field}`: {bad}")).with_param(field)
}
