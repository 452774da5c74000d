//! What becomes of what has no price.

use super::{Prices, Rate};
use crate::Price;
use crate::money::Money;

/// What becomes of an endpoint whose price is not known?
///
/// That is one without a price for a token that it reads, or for one that it writes, if it writes any. One policy holds for a
/// whole catalogue, `unknown_prices` in its file.
///
/// | | is asked | is claimed before | costs | the key pays |
/// |---|---|---|---|---|
/// | `Allow` | yes | nothing | unknown | unknown: no limit counts it |
/// | `Deny` | no: [`Filter::UnknownPrice`](crate::Filter::UnknownPrice) | | | |
/// | `Cap` | yes | the amount | unknown | the amount, for each answer that is charged |
/// | `Assume` | yes | as by that list | as by that list, estimated | the same |
///
/// Where the provider itself reports a cost, that is the cost, exactly, and it is charged, under `Cap` up to the amount.
///
/// ```
/// use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider, UnknownPrices};
///
/// let cap = UnknownPrices::Cap("0.05".parse()?);
/// let catalog = Catalog::builder()
///     .unknown_prices(cap.clone())
///     .provider(Provider::new("acme", "https://api.acme.test".parse()?))
///     .model(ModelSpec::new("meta/llama").endpoint(EndpointSpec::new("acme", "llama-v3")))
///     .build()?;
/// let endpoint = &catalog.find("meta/llama").unwrap().endpoints()[0];
/// assert_eq!(endpoint.unknown_price(), Some(&cap));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UnknownPrices {
    /// It is asked, and what it costs is unknown.
    #[default]
    Allow,
    /// Nobody asks it.
    Deny,
    /// It is asked, and each answer is charged this much.
    Cap(Money),
    /// It has these prices, where it lists none of its own.
    Assume(Box<Prices>),
}

// === impl Prices ===

impl Prices {
    /// Is it known what a token costs that is read, and one that is written?
    pub(in crate::catalog) fn are_known(&self) -> bool {
        self.prompt().is_some() && self.completion().is_some()
    }

    /// Of a model that writes vectors and nothing else: it is paid for by what is read, unless what is written has a price as well.
    pub(in crate::catalog) fn of_vectors(self) -> Self {
        match (self.prompt(), self.completion()) {
            (Some(_), None) => self.with(Rate::Completion, Price::ZERO),
            _ => self,
        }
    }

    /// Lists what the other one does, where it lists nothing itself.
    pub(in crate::catalog) fn or(mut self, other: &Prices) -> Self {
        for (listed, assumed) in self.listed.iter_mut().zip(other.listed) {
            *listed = listed.or(assumed);
        }
        if self.overrides.is_empty() {
            self.overrides = other.overrides.clone();
        }
        self
    }
}
