use std::ops::AddAssign;

/// Tokens as OpenAI counts them: `cached` is part of `prompt`, `reasoning` is part of `completion`.
///
/// ```
/// use switchtower::testing::Tokens;
///
/// let mut sum = Tokens { prompt: 9, completion: 12, ..Tokens::default() };
/// sum += sum;
/// assert_eq!((sum.prompt, sum.completion), (18, 24));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// The prompt's tokens, cached ones included.
    pub prompt: u64,
    /// The prompt's tokens that came from a cache.
    pub cached: u64,
    /// The answer's tokens, reasoning included.
    pub completion: u64,
    /// The answer's tokens that were reasoning.
    pub reasoning: u64,
}

/// What an upstream bills, in femtodollars (10⁻¹⁵ USD).
///
/// ```
/// use switchtower::testing::{Prices, Tokens};
///
/// // $0.15 and $0.60 for a million tokens.
/// let prices = Prices { prompt: 150_000_000, cached: 75_000_000, completion: 600_000_000, request: 0 };
/// let tokens = Tokens { prompt: 10, cached: 4, completion: 2, reasoning: 0 };
/// assert_eq!(prices.bill(tokens), 6 * 150_000_000 + 4 * 75_000_000 + 2 * 600_000_000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Each token of the prompt that did not come from a cache.
    pub prompt: u128,
    /// Each token of the prompt that came from a cache.
    pub cached: u128,
    /// Each token of the answer.
    pub completion: u128,
    /// Each call that took any token.
    pub request: u128,
}

// === impl Tokens ===

impl AddAssign for Tokens {
    fn add_assign(&mut self, more: Self) {
        self.prompt += more.prompt;
        self.cached += more.cached;
        self.completion += more.completion;
        self.reasoning += more.reasoning;
    }
}

// === impl Prices ===

impl Prices {
    /// What these tokens cost. No tokens cost nothing.
    #[must_use]
    pub fn bill(&self, tokens: Tokens) -> u128 {
        if tokens == Tokens::default() {
            return 0;
        }
        let uncached = u128::from(tokens.prompt.saturating_sub(tokens.cached));
        self.request
            + uncached * self.prompt
            + u128::from(tokens.cached) * self.cached
            + u128::from(tokens.completion) * self.completion
    }
}
