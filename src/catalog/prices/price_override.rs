//! Prices that hold only under conditions.

use std::time::SystemTime;

use super::weekday::Weekdays;
use super::{Hours, Rate, Weekday};
use crate::Price;

/// Prices that hold only for some requests: long ones, or those at some hours.
///
/// All conditions that it has must hold. A rate that it does not list stays as it is in the base list. See
/// [`Prices::at`](super::Prices::at).
///
/// ```
/// use switchtower::Price;
/// use switchtower::catalog::{Override, Rate, Weekday};
///
/// let weekend = Override::new()
///     .above(200_000)
///     .during("00:00-06:00".parse()?)
///     .on(&[Weekday::Saturday, Weekday::Sunday])
///     .with(Rate::Prompt, Price::per_million("2.50")?);
/// assert_eq!(weekend.min_prompt_tokens(), Some(200_000));
/// assert_eq!(weekend.listed(Rate::Completion), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Override {
    above: Option<u64>,
    hours: Option<Hours>,
    days: Option<Weekdays>,
    listed: [Option<Price>; Rate::ALL.len()],
}

// === impl Override ===

impl Override {
    /// One that always holds, and changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only where the prompt has more tokens than this.
    #[must_use]
    pub fn above(mut self, prompt_tokens: u64) -> Self {
        self.above = Some(prompt_tokens);
        self
    }

    /// Only at these hours.
    #[must_use]
    pub fn during(mut self, hours: Hours) -> Self {
        self.hours = Some(hours);
        self
    }

    /// Only on these days, which begin and end at midnight UTC; never, if there are none.
    #[must_use]
    pub fn on(mut self, days: &[Weekday]) -> Self {
        self.days = Some(Weekdays::of(days));
        self
    }

    /// Lists `price` for `rate`.
    #[must_use]
    pub fn with(mut self, rate: Rate, price: Price) -> Self {
        self.listed[rate as usize] = Some(price);
        self
    }

    /// The prompt must have more tokens than this.
    #[must_use]
    pub fn min_prompt_tokens(&self) -> Option<u64> {
        self.above
    }

    /// The hours at which it holds; none if that makes no difference.
    #[must_use]
    pub fn hours(&self) -> Option<Hours> {
        self.hours
    }

    /// The days on which it holds, Monday first; none if that makes no difference.
    #[must_use]
    pub fn days(&self) -> Option<Vec<Weekday>> {
        let days = self.days?;
        let held = Weekday::ALL.into_iter().filter(|day| days.contains(*day));
        Some(held.collect())
    }

    /// What it lists for `rate`.
    #[must_use]
    pub fn listed(&self, rate: Rate) -> Option<Price> {
        self.listed[rate as usize]
    }

    /// Does it hold for a prompt of so many tokens, at that moment?
    #[must_use]
    pub fn applies(&self, prompt_tokens: u64, wall: SystemTime) -> bool {
        self.may_apply(prompt_tokens)
            && self.hours.is_none_or(|hours| hours.contains(wall))
            && self
                .days
                .is_none_or(|days| days.contains(Weekday::of(wall)))
    }

    /// Does it hold at some time for a prompt of so many tokens?
    pub(super) fn may_apply(&self, prompt_tokens: u64) -> bool {
        self.above.is_none_or(|above| prompt_tokens > above)
    }
}
