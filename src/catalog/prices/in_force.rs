//! Which list holds for a request?

use std::borrow::Cow;
use std::time::SystemTime;

use super::{Override, Prices, Rate};
use crate::Price;

// === impl Prices ===

impl Prices {
    /// The most overrides that a list of a catalogue may have: each is looked at for each request.
    pub const MAX_OVERRIDES: usize = 32;

    /// One more override, which wins over those before it.
    #[must_use]
    pub fn with_override(mut self, conditional: Override) -> Self {
        self.overrides.push(conditional);
        self
    }

    /// The overrides, the last of which wins.
    #[must_use]
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// Is there a price for `rate` itself, in the base list or in an override?
    #[must_use]
    pub fn lists(&self, rate: Rate) -> bool {
        let overrides = &mut self.overrides.iter();
        self.listed(rate).is_some() || overrides.any(|o| o.listed(rate).is_some())
    }

    /// The list in force for a request: this one, changed by the overrides that apply to a prompt of so many tokens
    /// at that moment.
    ///
    /// Of those, a later one wins rate by rate; what none of them lists is as in the base list. Only then does one
    /// rate stand in for another. Nothing is allocated.
    ///
    /// ```
    /// use std::time::UNIX_EPOCH;
    /// use switchtower::Price;
    /// use switchtower::catalog::{Override, Prices, Rate};
    ///
    /// let long = Override::new().above(200_000).with(Rate::Prompt, Price::per_million("2.50")?);
    /// let prices = Prices::unknown()
    ///     .with(Rate::Prompt, Price::per_million("1.25")?)
    ///     .with_override(long);
    ///
    /// let prompt = |tokens| prices.at(tokens, UNIX_EPOCH).prompt();
    /// assert_eq!(prompt(200_000), Some(Price::per_million("1.25")?));
    /// assert_eq!(prompt(200_001), Some(Price::per_million("2.50")?));
    /// assert_eq!(prices.at(200_001, UNIX_EPOCH).cache_read(), prompt(200_001));
    /// # Ok::<(), switchtower::ParsePriceError>(())
    /// ```
    #[must_use]
    pub fn at(&self, prompt_tokens: u64, wall: SystemTime) -> Cow<'_, Prices> {
        let mut changed = None;
        for conditional in &self.overrides {
            if conditional.applies(prompt_tokens, wall) {
                let list = changed.get_or_insert_with(|| self.base());
                for rate in Rate::ALL {
                    if let Some(price) = conditional.listed(rate) {
                        list.listed[rate as usize] = Some(price);
                    }
                }
            }
        }
        changed.map_or(Cow::Borrowed(self), Cow::Owned)
    }

    /// The dearest that any rate may be for a prompt of at most so many tokens, whenever it comes.
    ///
    /// Only a rate that no list knows is unknown.
    #[must_use]
    pub fn dearest(&self, prompt_tokens: u64) -> Cow<'_, Prices> {
        if self.overrides.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut list = Prices::unknown();
        for rate in Rate::ALL {
            list.listed[rate as usize] = self.dearest_of(rate, prompt_tokens);
        }
        Cow::Owned(list)
    }

    /// Do they charge for nothing, long prompts, dear hours, images and searches included?
    pub(in crate::catalog) fn are_free(&self) -> bool {
        let dearest = self.dearest(u64::MAX);
        let mut each = Rate::ALL.into_iter().map(|rate| dearest.get(rate));
        each.all(|price| price.is_some_and(Price::is_zero))
    }

    fn dearest_of(&self, rate: Rate, prompt_tokens: u64) -> Option<Price> {
        let mut dearest = None;
        // What stands in for it may be overridden too.
        for rate in [rate].iter().chain(rate.stand_ins()) {
            let overrides = self.overrides.iter();
            let overridden = overrides
                .filter(|conditional| conditional.may_apply(prompt_tokens))
                .filter_map(|conditional| conditional.listed(*rate));
            dearest = dearest.max(overridden.max());
            if let Some(price) = self.listed(*rate) {
                return dearest.max(Some(price));
            }
        }
        dearest.or_else(|| self.get(rate))
    }

    /// This list without its overrides.
    fn base(&self) -> Prices {
        Prices {
            listed: self.listed,
            overrides: Vec::new(),
        }
    }
}
