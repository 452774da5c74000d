//! What does it cost?

use crate::catalog::{Endpoint, Prices, Rate};
use crate::money::{Femto, Money};
use crate::usage::Usage;

/// What a provider bills for an attempt, as far as it is known. See the [module docs](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The amount; none if [`Certainty::Unknown`].
    pub amount: Option<Money>,
    /// How sure is it?
    pub certainty: Certainty,
}

/// How sure is a cost? See the [module docs](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// The provider reported the tokens, or it bills nothing for such an end.
    Exact,
    /// By the size of the prompt and what was delivered.
    Estimated,
    /// The price is not known. Never to be read as zero.
    Unknown,
}

/// When nobody bounds an answer.
const USUAL_LIMIT: u64 = 4096;

// === impl Cost ===

impl Cost {
    /// Nobody bills, however sure that is.
    pub(super) fn nothing(certainty: Certainty) -> Self {
        Self {
            amount: Some(Money::ZERO),
            certainty,
        }
    }

    pub(super) fn new(amount: Option<Femto>, certainty: Certainty) -> Self {
        match amount {
            Some(amount) => Self {
                amount: Some(amount.round()),
                certainty,
            },
            None => Self {
                amount: None,
                certainty: Certainty::Unknown,
            },
        }
    }
}

/// What this usage costs at these prices; `None` when a price that it needs is unknown.
///
/// It looks at the base list only: [`Prices::at`] gives the one in force.
///
/// Exact: products and sums are 128-bit integers of femtodollars, rounded only by the caller.
///
/// ```
/// use switchtower::{Price, Usage, settle::cost_of};
/// use switchtower::catalog::{Prices, Rate};
///
/// let prices = Prices::unknown()
///     .with(Rate::Prompt, Price::per_million("0.15")?)
///     .with(Rate::Completion, Price::per_million("0.60")?);
/// let usage = Usage { input: 1000, output: 100, ..Usage::default() };
/// assert_eq!(cost_of(&prices, &usage).unwrap().round().to_string(), "0.00021");
/// # Ok::<_, switchtower::ParsePriceError>(())
/// ```
pub fn of(prices: &Prices, usage: &Usage) -> Option<Femto> {
    let classes = [
        (usage.input, Rate::Prompt),
        (usage.cache_read, Rate::CacheRead),
        (usage.cache_write, Rate::CacheWrite),
        (usage.cache_write_1h, Rate::CacheWrite1h),
        (usage.audio_input, Rate::Audio),
        (usage.audio_cache_read, Rate::AudioCacheRead),
        (usage.image_input, Rate::Image),
        (usage.output, Rate::Completion),
        (usage.reasoning, Rate::Reasoning),
        (usage.audio_output, Rate::AudioOutput),
        (usage.image_output, Rate::ImageOutput),
        (usage.images, Rate::ImageUnit),
        (usage.web_searches, Rate::WebSearch),
    ];
    let mut sum = prices.request()?.times(1);
    for (units, rate) in classes {
        // A class that was not used needs no price.
        if units > 0 {
            sum += prices.get(rate)?.times(units);
        }
    }
    Some(sum)
}

/// The worst that an endpoint may bill for a prompt of this many bytes, images included: a token every two bytes, and
/// the longest answer allowed, be all of it thought where that is dearer. Two bytes a token bound everything but the
/// densest scripts. Whether a price that depends on the hour or on the prompt will hold is not known yet, so the dearest
/// counts. How often it will search the web, nobody knows.
pub fn worst_of(
    endpoint: &Endpoint,
    prompt_bytes: u64,
    images: u64,
    max_output: Option<u64>,
    choices: u32,
) -> Option<Femto> {
    let limit = endpoint.max_completion_tokens();
    let output = match (max_output, limit) {
        (Some(asked), Some(limit)) => asked.min(limit),
        (asked, limit) => asked.or(limit).unwrap_or(USUAL_LIMIT),
    };
    let usage = Usage {
        input: prompt_bytes.div_ceil(2),
        output: output.saturating_mul(choices.max(1).into()),
        images,
        ..Usage::default()
    };
    let prices = endpoint.prices().dearest(usage.input);
    let written = of(&prices, &usage)?;
    // Without a price of its own, a thought costs what a word does.
    if prices.listed(Rate::Reasoning).is_none() {
        return Some(written);
    }
    let thought = Usage {
        output: 0,
        reasoning: usage.output,
        ..usage
    };
    Some(written.max(of(&prices, &thought)?))
}
