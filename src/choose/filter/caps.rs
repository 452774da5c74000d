//! How much may it cost?

use crate::catalog::{Prices, Rate};
use crate::money::{ParsePriceError, Price};
use crate::wire::MaxPrice;

/// The limits of `provider.max_price`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    any: bool,
    prompt: Option<Price>,
    completion: Option<Price>,
    request: Option<Price>,
    image: Option<Price>,
    audio: Option<Price>,
}

/// Decimals that a [`Price`] holds: of one unit, and of one of a million.
const PLACES: usize = 15;
const PLACES_PER_MILLION: usize = PLACES - 6;

// === impl Caps ===

impl Caps {
    pub(super) fn of(max: &MaxPrice) -> Self {
        let per_million = |text: &Option<String>| {
            let text = truncated(text.as_deref()?, PLACES_PER_MILLION);
            Some(cap(Price::per_million(text)))
        };
        let per_unit = |text: &Option<String>| {
            let text = truncated(text.as_deref()?, PLACES);
            Some(cap(text.parse()))
        };
        let caps = Self {
            any: false,
            prompt: per_million(&max.prompt),
            completion: per_million(&max.completion),
            request: per_unit(&max.request),
            image: per_unit(&max.image),
            audio: per_unit(&max.audio),
        };
        Self {
            any: *max != MaxPrice::default(),
            ..caps
        }
    }

    /// Is nothing of this list dearer? What is unknown is not within any limit.
    pub(super) fn admit(&self, prices: &Prices) -> bool {
        if !self.any {
            return true;
        }
        // Where none is listed, sound is billed as the prompt that it is part of.
        let audio = match prices.listed(Rate::Audio) {
            None if !prices.is_unknown() => Some(Price::ZERO),
            listed => listed,
        };
        within(prices.prompt(), self.prompt)
            && within(prices.completion(), self.completion)
            && within(prices.request(), self.request)
            && within(prices.get(Rate::ImageUnit), self.image)
            && within(audio, self.audio)
    }
}

fn within(price: Option<Price>, cap: Option<Price>) -> bool {
    match (price, cap) {
        (_, None) => true,
        (Some(price), Some(cap)) => price <= cap,
        (None, Some(_)) => false,
    }
}

/// What is too large for a price is above every one; nothing is within what is no price.
fn cap(parsed: Result<Price, ParsePriceError>) -> Price {
    match parsed {
        Ok(price) => price,
        Err(ParsePriceError::TooLarge) => Price::from_femtodollars(u64::MAX),
        Err(_) => Price::ZERO,
    }
}

/// Without the decimals that no price has: a price is within the limit if it is within that.
fn truncated(text: &str, places: usize) -> &str {
    match text.find('.') {
        Some(point) => &text[..text.len().min(point + 1 + places)],
        None => text,
    }
}
