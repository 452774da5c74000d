//! What can be priced, and what stands in for a rate that is not listed.

/// What is a price for?
///
/// All rates are for one token, except [`Rate::Request`].
///
/// ```
/// use switchtower::catalog::Rate;
///
/// assert_eq!(Rate::CacheWrite1h.falls_back_to(), Some(Rate::CacheWrite));
/// assert_eq!(Rate::Prompt.falls_back_to(), None);
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
    /// Audio in the output.
    AudioOutput,
    /// Images in the input.
    Image,
    /// Images in the output.
    ImageOutput,
    /// The request itself, whatever its size.
    Request,
}

// === impl Rate ===

impl Rate {
    /// Every rate, in the order in which they are declared.
    pub const ALL: [Rate; 11] = [
        Rate::Prompt,
        Rate::Completion,
        Rate::CacheRead,
        Rate::CacheWrite,
        Rate::CacheWrite1h,
        Rate::Reasoning,
        Rate::Audio,
        Rate::AudioOutput,
        Rate::Image,
        Rate::ImageOutput,
        Rate::Request,
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
            Rate::AudioOutput => "audio_output",
            Rate::Image => "image",
            Rate::ImageOutput => "image_output",
            Rate::Request => "request",
        }
    }

    /// The rate that stands in when this one is not listed.
    #[must_use]
    pub const fn falls_back_to(self) -> Option<Rate> {
        match self {
            Rate::CacheWrite1h => Some(Rate::CacheWrite),
            Rate::CacheRead | Rate::CacheWrite | Rate::Audio | Rate::Image => Some(Rate::Prompt),
            Rate::Reasoning | Rate::AudioOutput | Rate::ImageOutput => Some(Rate::Completion),
            Rate::Prompt | Rate::Completion | Rate::Request => None,
        }
    }
}
