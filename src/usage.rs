//! Tokens, in classes that never overlap.

/// How many bytes of a text make one token, where nobody has counted: English prose has about four characters
/// a token (OpenAI, "What are tokens and how to count them?").
pub const BYTES_PER_TOKEN: u64 = 4;

/// What an answer used: tokens in disjoint classes, whose sum is the whole, and what is counted beside them.
///
/// Providers disagree on what includes what (OpenAI counts cached tokens inside `prompt_tokens`,
/// Anthropic beside them); `meter` brings every spelling into this one, and only this one is priced.
///
/// ```
/// use switchtower::Usage;
///
/// let usage = Usage { input: 90, cache_read: 10, output: 5, reasoning: 20, ..Usage::default() };
/// assert_eq!(usage.prompt_tokens(), 100);
/// assert_eq!(usage.completion_tokens(), 25);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Text read at the full price.
    pub input: u64,
    /// Input read from the provider's prompt cache, but for audio.
    pub cache_read: u64,
    /// Input written to the prompt cache for five minutes (or without a named life).
    pub cache_write: u64,
    /// Input written to the prompt cache for an hour.
    pub cache_write_1h: u64,
    /// Audio heard, but for what came from the cache.
    pub audio_input: u64,
    /// Audio read from the provider's prompt cache.
    pub audio_cache_read: u64,
    /// Images seen, by their tokens.
    pub image_input: u64,
    /// Text, tool calls and everything else written.
    pub output: u64,
    /// Tokens thought, billed but not shown.
    pub reasoning: u64,
    /// Audio spoken.
    pub audio_output: u64,
    /// Images drawn, by their tokens.
    pub image_output: u64,
    /// Images in the prompt, counted where one has a price of its own; their tokens are apart.
    pub images: u64,
    /// Searches of the web that the provider reports; what they found is among the tokens.
    pub web_searches: u64,
}

// === impl Usage ===

impl Usage {
    /// All that was read.
    pub fn prompt_tokens(&self) -> u64 {
        [
            self.cache_read,
            self.cache_write,
            self.cache_write_1h,
            self.audio_input,
            self.audio_cache_read,
            self.image_input,
        ]
        .into_iter()
        .fold(self.input, u64::saturating_add)
    }

    /// All that came from a cache.
    pub fn cached_tokens(&self) -> u64 {
        self.cache_read.saturating_add(self.audio_cache_read)
    }

    /// All that was written.
    pub fn completion_tokens(&self) -> u64 {
        self.output
            .saturating_add(self.reasoning)
            .saturating_add(self.audio_output)
            .saturating_add(self.image_output)
    }

    /// Read and written.
    pub fn total_tokens(&self) -> u64 {
        self.prompt_tokens()
            .saturating_add(self.completion_tokens())
    }
}
