//! What can be priced, and what stands in for a rate that is not listed.

/// What is a price for?
///
/// All rates are for one token, except the three that [are surcharges](Self::is_surcharge).
///
/// | rate | in a catalogue file | at OpenRouter | for one |
/// |---|---|---|---|
/// | [`Prompt`](Self::Prompt) | `prompt` | `prompt` | token |
/// | [`Completion`](Self::Completion) | `completion` | `completion` | token |
/// | [`CacheRead`](Self::CacheRead) | `cache_read` | `input_cache_read` | token |
/// | [`CacheWrite`](Self::CacheWrite) | `cache_write` | `input_cache_write` | token |
/// | [`CacheWrite1h`](Self::CacheWrite1h) | `cache_write_1h` | `input_cache_write_1h` | token |
/// | [`Reasoning`](Self::Reasoning) | `reasoning` | `internal_reasoning` | token |
/// | [`Audio`](Self::Audio) | `audio` | `audio` | token |
/// | [`AudioCacheRead`](Self::AudioCacheRead) | `audio_cache_read` | `input_audio_cache` | token |
/// | [`AudioOutput`](Self::AudioOutput) | `audio_output` | `audio_output` | token |
/// | [`Image`](Self::Image) | `image_token` | `image_token` | token |
/// | [`ImageOutput`](Self::ImageOutput) | `image_output` | `image_output` | token |
/// | [`Request`](Self::Request) | `request` | `request` | request |
/// | [`ImageUnit`](Self::ImageUnit) | `image` | `image` | image of the prompt |
/// | [`WebSearch`](Self::WebSearch) | `web_search` | `web_search` | search |
///
/// ```
/// use switchtower::catalog::Rate;
///
/// assert_eq!(Rate::CacheWrite1h.stand_ins(), [Rate::CacheWrite, Rate::Prompt]);
/// assert!(Rate::Prompt.stand_ins().is_empty());
/// assert_eq!(Rate::CacheRead.openrouter_key(), "input_cache_read");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rate {
    /// Input that came from no cache.
    Prompt,
    /// Output.
    Completion,
    /// Input read from the provider's prompt cache.
    CacheRead,
    /// Input written to it, to be kept for five minutes.
    CacheWrite,
    /// Input written to it, to be kept for an hour.
    CacheWrite1h,
    /// Output that was thought and not said.
    Reasoning,
    /// Audio in the input.
    Audio,
    /// Audio in the input, read from the cache.
    AudioCacheRead,
    /// Audio in the output.
    AudioOutput,
    /// Images in the input, by their tokens.
    Image,
    /// Images in the output.
    ImageOutput,
    /// The request itself, whatever its size.
    Request,
    /// An image of the prompt, whatever its size.
    ImageUnit,
    /// A search of the web that the provider made for the answer.
    WebSearch,
}

// === impl Rate ===

impl Rate {
    /// Every rate, in the order in which they are declared.
    pub const ALL: [Rate; 14] = [
        Rate::Prompt,
        Rate::Completion,
        Rate::CacheRead,
        Rate::CacheWrite,
        Rate::CacheWrite1h,
        Rate::Reasoning,
        Rate::Audio,
        Rate::AudioCacheRead,
        Rate::AudioOutput,
        Rate::Image,
        Rate::ImageOutput,
        Rate::Request,
        Rate::ImageUnit,
        Rate::WebSearch,
    ];

    /// The key that lists it in a catalogue file.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Rate::Prompt => "prompt",
            Rate::Completion => "completion",
            Rate::CacheRead => "cache_read",
            Rate::CacheWrite => "cache_write",
            Rate::CacheWrite1h => "cache_write_1h",
            Rate::Reasoning => "reasoning",
            Rate::Audio => "audio",
            Rate::AudioCacheRead => "audio_cache_read",
            Rate::AudioOutput => "audio_output",
            Rate::Image => "image_token",
            Rate::ImageOutput => "image_output",
            Rate::Request => "request",
            Rate::ImageUnit => "image",
            Rate::WebSearch => "web_search",
        }
    }

    /// How OpenRouter spells it.
    #[must_use]
    pub const fn openrouter_key(self) -> &'static str {
        match self {
            Rate::CacheRead => "input_cache_read",
            Rate::CacheWrite => "input_cache_write",
            Rate::CacheWrite1h => "input_cache_write_1h",
            Rate::Reasoning => "internal_reasoning",
            Rate::AudioCacheRead => "input_audio_cache",
            alike => alike.key(),
        }
    }

    /// Does it come on top of the tokens, and is nothing where it is not listed?
    #[must_use]
    pub const fn is_surcharge(self) -> bool {
        matches!(self, Rate::Request | Rate::ImageUnit | Rate::WebSearch)
    }

    /// The rates that stand in when this one is not listed: the first of them that is.
    #[must_use]
    pub const fn stand_ins(self) -> &'static [Rate] {
        match self {
            Rate::CacheWrite1h => &[Rate::CacheWrite, Rate::Prompt],
            Rate::AudioCacheRead => &[Rate::CacheRead, Rate::Audio, Rate::Prompt],
            Rate::CacheRead | Rate::CacheWrite | Rate::Audio | Rate::Image => &[Rate::Prompt],
            Rate::Reasoning | Rate::AudioOutput | Rate::ImageOutput => &[Rate::Completion],
            Rate::Prompt | Rate::Completion => &[],
            Rate::Request | Rate::ImageUnit | Rate::WebSearch => &[],
        }
    }
}
