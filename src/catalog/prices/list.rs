//! What one endpoint asks for each kind of token.

use super::{Override, Rate};
use crate::Price;

/// The price list of an endpoint: what is listed, and what follows from it.
///
/// A price that is not listed is *unknown*, which is not free; a price listed as `0` is free and stays
/// so. The accessors answer with the first rate listed in this table:
///
/// | rate | else | else |
/// |---|---|---|
/// | `prompt` | unknown | |
/// | `completion` | unknown | |
/// | `cache_read` | `prompt` | unknown |
/// | `cache_write` | `prompt` | unknown |
/// | `cache_write_1h` | `cache_write` | `prompt` … |
/// | `audio`, `image_token` (input) | `prompt` | unknown |
/// | `audio_cache_read` | `cache_read` | `audio` … |
/// | `audio_output`, `image_output` | `completion` | unknown |
/// | `reasoning` | `completion` | unknown |
/// | `request` | 0 if any rate is listed | unknown |
/// | `image`, `web_search` | 0 if any rate is listed | unknown |
///
/// A price per image or per search is a surcharge, as the one per request is: where none is listed, there is none.
///
/// The list may have [`Override`]s. All of the above, and every accessor, is about the base list; [`at`](Self::at)
/// gives the list that is in force for a request, of which the same is true.
///
/// ```
/// use switchtower::Price;
/// use switchtower::catalog::{Prices, Rate};
///
/// let prices = Prices::unknown()
///     .with(Rate::Prompt, Price::per_million("0.15")?)
///     .with(Rate::Reasoning, Price::ZERO);
///
/// assert_eq!(prices.cache_read(), prices.prompt());
/// assert_eq!(prices.reasoning(), Some(Price::ZERO));
/// assert_eq!(prices.completion(), None);
/// # Ok::<(), switchtower::ParsePriceError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices {
    pub(super) listed: [Option<Price>; Rate::ALL.len()],
    pub(super) overrides: Vec<Override>,
}

// === impl Prices ===

impl Prices {
    /// A list with nothing on it.
    #[must_use]
    pub const fn unknown() -> Self {
        Prices {
            listed: [None; Rate::ALL.len()],
            overrides: Vec::new(),
        }
    }

    /// Lists `price` for `rate`.
    #[must_use]
    pub fn with(mut self, rate: Rate, price: Price) -> Self {
        self.listed[rate as usize] = Some(price);
        self
    }

    /// Is nothing in the base list?
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.listed.iter().all(Option::is_none)
    }

    /// Exactly what is listed for `rate`.
    #[must_use]
    pub fn listed(&self, rate: Rate) -> Option<Price> {
        self.listed[rate as usize]
    }

    /// What `rate` costs, by the table above.
    #[must_use]
    pub fn get(&self, rate: Rate) -> Option<Price> {
        let mut stand_ins = rate.stand_ins().iter();
        let stand_in = || stand_ins.find_map(|rate| self.listed(*rate));
        let none = || (rate.is_surcharge() && !self.is_unknown()).then_some(Price::ZERO);
        self.listed(rate).or_else(stand_in).or_else(none)
    }

    /// One token of input that came from no cache.
    #[must_use]
    pub fn prompt(&self) -> Option<Price> {
        self.get(Rate::Prompt)
    }

    /// One token of output.
    #[must_use]
    pub fn completion(&self) -> Option<Price> {
        self.get(Rate::Completion)
    }

    /// One token read from the prompt cache.
    #[must_use]
    pub fn cache_read(&self) -> Option<Price> {
        self.get(Rate::CacheRead)
    }

    /// One token written to the prompt cache for five minutes.
    #[must_use]
    pub fn cache_write(&self) -> Option<Price> {
        self.get(Rate::CacheWrite)
    }

    /// One token written to the prompt cache for an hour.
    #[must_use]
    pub fn cache_write_1h(&self) -> Option<Price> {
        self.get(Rate::CacheWrite1h)
    }

    /// One token of reasoning.
    #[must_use]
    pub fn reasoning(&self) -> Option<Price> {
        self.get(Rate::Reasoning)
    }

    /// One token of audio in the input.
    #[must_use]
    pub fn audio(&self) -> Option<Price> {
        self.get(Rate::Audio)
    }

    /// One token of audio in the output.
    #[must_use]
    pub fn audio_output(&self) -> Option<Price> {
        self.get(Rate::AudioOutput)
    }

    /// One token of image in the input.
    #[must_use]
    pub fn image(&self) -> Option<Price> {
        self.get(Rate::Image)
    }

    /// One token of image in the output.
    #[must_use]
    pub fn image_output(&self) -> Option<Price> {
        self.get(Rate::ImageOutput)
    }

    /// One request, on top of its tokens.
    #[must_use]
    pub fn request(&self) -> Option<Price> {
        self.get(Rate::Request)
    }

    /// One image in the prompt, on top of its tokens.
    #[must_use]
    pub fn image_unit(&self) -> Option<Price> {
        self.get(Rate::ImageUnit)
    }

    /// One search of the web, on top of its tokens.
    #[must_use]
    pub fn web_search(&self) -> Option<Price> {
        self.get(Rate::WebSearch)
    }

    /// The one price by which load is balanced: a token of a mix of three of input to one of output.
    ///
    /// OpenRouter does not say how it combines the two; three to one is what a chat looks like.
    /// Rounded up, so that only an endpoint that is free weighs nothing.
    ///
    /// ```
    /// use switchtower::Price;
    /// use switchtower::catalog::{Prices, Rate};
    ///
    /// let prices = Prices::unknown().with(Rate::Prompt, Price::per_million("1")?);
    /// assert_eq!(prices.balance(), None);
    ///
    /// let prices = prices.with(Rate::Completion, Price::per_million("5")?);
    /// assert_eq!(prices.balance(), Some(Price::per_million("2")?));
    /// # Ok::<(), switchtower::ParsePriceError>(())
    /// ```
    #[must_use]
    pub fn balance(&self) -> Option<Price> {
        let prompt = u128::from(self.prompt()?.femtodollars());
        let completion = u128::from(self.completion()?.femtodollars());
        let mix = (3 * prompt + completion).div_ceil(4);
        u64::try_from(mix).ok().map(Price::from_femtodollars)
    }
}
