//! What does it cost?

use crate::catalog::{Endpoint, Prices, Rate};
use crate::money::{Femto, Money, Price};
use crate::usage::Usage;

/// What a provider bills for an attempt, as far as it is known. See the [module docs](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The amount; none if [`Certainty::Unknown`].
    pub amount: Option<Money>,
    /// How sure is it?
    pub certainty: Certainty,
    /// The most that it may be in truth, and the amount itself if that is exact; none if nobody knows. The least is zero.
    pub at_most: Option<Money>,
}

/// How sure is a cost? See the [module docs](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// The provider reported the tokens or the cost, or it bills nothing for such an end.
    Exact,
    /// By the size of the prompt and what was delivered, or by an assumed price.
    Estimated,
    /// The price is not known. Never to be read as zero.
    Unknown,
}

/// The rates of text that is read, whatever becomes of it.
pub(super) const READ: [Rate; 4] = [
    Rate::Prompt,
    Rate::CacheRead,
    Rate::CacheWrite,
    Rate::CacheWrite1h,
];

/// When nobody bounds an answer.
pub(super) const USUAL_LIMIT: u64 = 4096;

// === impl Cost ===

impl Cost {
    /// So much and no more, as the provider says.
    pub(super) const fn exact(amount: Money) -> Self {
        Self {
            amount: Some(amount),
            certainty: Certainty::Exact,
            at_most: Some(amount),
        }
    }

    /// About so much, if that is known.
    pub(super) fn estimated(amount: Option<Money>, at_most: Option<Money>) -> Self {
        Self {
            amount,
            certainty: match amount {
                Some(_) => Certainty::Estimated,
                None => Certainty::Unknown,
            },
            at_most: at_most.max(amount).filter(|_| at_most.is_some()),
        }
    }

    /// How far from the truth it may be: zero if it is exact, none if nobody knows.
    ///
    /// An estimate may be too high by all of it, or too low by what it lacks to [`at_most`](Self::at_most); so is the sum of
    /// estimates, by the sum of their errors.
    ///
    /// ```
    /// use switchtower::settle::{Certainty, Cost};
    ///
    /// let (amount, at_most) = (Some("0.02".parse()?), Some("0.03".parse()?));
    /// let cost = Cost { amount, at_most, certainty: Certainty::Estimated };
    /// assert_eq!(cost.error(), Some("0.02".parse()?));
    /// # Ok::<(), switchtower::ParsePriceError>(())
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<Money> {
        match self.certainty {
            Certainty::Exact => Some(Money::ZERO),
            Certainty::Estimated => {
                let amount = self.amount?;
                Some(amount.max(self.at_most?.saturating_sub(amount)))
            }
            Certainty::Unknown => None,
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
#[inline]
pub fn of(prices: &Prices, usage: &Usage) -> Option<Femto> {
    let mut sum = prices.request()?.times(1);
    // One by one: what is known not to be used goes when this is compiled into its caller.
    let mut add = |units, rate| {
        // A class that was not used needs no price.
        if units > 0 {
            sum += prices.get(rate)?.times(units);
        }
        Some(())
    };
    add(usage.input, Rate::Prompt)?;
    add(usage.cache_read, Rate::CacheRead)?;
    add(usage.cache_write, Rate::CacheWrite)?;
    add(usage.cache_write_1h, Rate::CacheWrite1h)?;
    add(usage.audio_input, Rate::Audio)?;
    add(usage.audio_cache_read, Rate::AudioCacheRead)?;
    add(usage.image_input, Rate::Image)?;
    add(usage.output, Rate::Completion)?;
    add(usage.reasoning, Rate::Reasoning)?;
    add(usage.audio_output, Rate::AudioOutput)?;
    add(usage.image_output, Rate::ImageOutput)?;
    add(usage.images, Rate::ImageUnit)?;
    add(usage.web_searches, Rate::WebSearch)?;
    Some(sum)
}

/// The dearest that this usage may be, at whatever hour, be its text kept in a cache or not, and be it written or thought.
pub(super) fn worst(prices: &Prices, usage: &Usage) -> Option<Femto> {
    let prices = prices.dearest(usage.prompt_tokens());
    let read = match usage.input {
        0 => Femto::ZERO,
        input => dearest(&prices, prices.prompt(), &READ)?.times(input),
    };
    let usage = &Usage { input: 0, ..*usage };
    let written = read + of(&prices, usage)?;
    // Without a price of its own, a thought costs what a word does.
    if prices.listed(Rate::Reasoning).is_none() {
        return Some(written);
    }
    let thought = Usage {
        output: 0,
        reasoning: usage.reasoning.saturating_add(usage.output),
        ..*usage
    };
    Some(written.max(read + of(&prices, &thought)?))
}

/// This price, or the dearest of these rates that are listed.
pub(super) fn dearest(prices: &Prices, price: Option<Price>, rates: &[Rate]) -> Option<Price> {
    let others = rates.iter().filter_map(|rate| prices.listed(*rate));
    price.map(|price| others.fold(price, Price::max))
}

/// The longest answer of this endpoint to a request that allows so much.
pub(super) fn longest(endpoint: &Endpoint, max_output: Option<u64>) -> u64 {
    let limit = endpoint.max_completion_tokens();
    match (max_output, limit) {
        (Some(asked), Some(limit)) => asked.min(limit),
        (asked, limit) => asked.or(limit).unwrap_or(USUAL_LIMIT),
    }
}
