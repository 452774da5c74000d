//! How many bytes has a token?

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::usage::BYTES_PER_TOKEN;

/// How many bytes of JSON text one token of a model has, on the average of late: learned from settled requests, by what their
/// providers have counted.
///
/// Prose has four to five, dense JSON two, other scripts five to nine: what an estimate of tokens by bytes alone gets wrong by half
/// is right once a model's own requests are known. Each counts an eighth of what is known; one of less than
/// [`LEAST`](Self::LEAST) bytes teaches nothing, since the marks around its messages are more than itself.
///
/// ```
/// use switchtower::standing::Density;
///
/// let density = Density::default();
/// assert_eq!(density.tokens(8_000), 2_000);
/// for _ in 0..100 {
///     density.learn(8_000, 4_000);
/// }
/// assert!((3_980..=4_000).contains(&density.tokens(8_000)));
/// ```
#[derive(Debug)]
pub struct Density(AtomicU32);

const THOUSAND: u64 = 1_000;
/// How much of what is known one request replaces: one part of so many.
const WEIGHT: u64 = 8;
/// What one request may teach, in thousandths of a byte: a byte-level tokenizer has no token shorter than a byte, but marks of
/// the format add to them; and hardly any token is longer.
const SENSIBLE: std::ops::RangeInclusive<u64> = 250..=32_000;

// === impl Density ===

impl Density {
    /// What is shorter, in bytes, teaches nothing.
    pub const LEAST: u64 = 256;

    /// A prompt of so many bytes of text had so many tokens.
    pub fn learn(&self, bytes: u64, tokens: u64) {
        if bytes < Self::LEAST || tokens == 0 {
            return;
        }
        let shown = bytes.saturating_mul(THOUSAND) / tokens;
        let shown = shown.clamp(*SENSIBLE.start(), *SENSIBLE.end());
        let mix = |known: u32| {
            let mixed = (u64::from(known) * (WEIGHT - 1) + shown) / WEIGHT;
            u32::try_from(mixed).ok()
        };
        let _ = self.0.try_update(Relaxed, Relaxed, mix);
    }

    /// Thousandths of a byte.
    #[must_use]
    pub fn thousandths(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// The tokens that so many bytes of text are likely to be, rounded up.
    #[must_use]
    pub fn tokens(&self, bytes: u64) -> u64 {
        let thousandths = u64::from(self.thousandths()).max(1);
        bytes.saturating_mul(THOUSAND).div_ceil(thousandths)
    }
}

impl Default for Density {
    /// [`BYTES_PER_TOKEN`](crate::BYTES_PER_TOKEN), as long as nothing has been learned.
    fn default() -> Self {
        Self(AtomicU32::new((BYTES_PER_TOKEN * THOUSAND) as u32))
    }
}
