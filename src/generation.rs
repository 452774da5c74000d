//! The name of a request.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// The name of a request, minted before anything is asked: `gen-<unix seconds>-<20 letters or digits>`.
///
/// ```
/// use switchtower::GenerationId;
///
/// let id: GenerationId = "gen-1795622214-qiz0pDvMxiwHLMbb5SUi".parse()?;
/// assert_eq!(id.as_str(), "gen-1795622214-qiz0pDvMxiwHLMbb5SUi");
/// assert!("chatcmpl-1".parse::<GenerationId>().is_err());
/// assert!("gen-\0".parse::<GenerationId>().is_err());
/// # Ok::<_, switchtower::NotAGenerationId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GenerationId {
    text: [u8; Self::MAX],
    len: u8,
}

/// A text that is not a [`GenerationId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAGenerationId;

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// === impl GenerationId ===

impl GenerationId {
    /// `gen-`, twenty digits at most, `-`, twenty letters or digits.
    const MAX: usize = 45;

    pub(crate) fn new(wall: SystemTime, seed: u64) -> Self {
        let mut text = [0; Self::MAX];
        let mut seconds = wall
            .duration_since(UNIX_EPOCH)
            .map_or(0, |age| age.as_secs());
        let digits = seconds.checked_ilog10().unwrap_or(0) as usize + 1;
        let len = 4 + digits + 1 + 20;
        text[..4].copy_from_slice(b"gen-");
        // By hand: a formatter would be a tenth of what a plan costs.
        for byte in text[4..4 + digits].iter_mut().rev() {
            *byte = b'0' + (seconds % 10) as u8;
            seconds /= 10;
        }
        text[4 + digits] = b'-';
        let mut random = fastrand::Rng::with_seed(seed);
        // A number of 64 bits holds ten letters.
        for letters in text[5 + digits..len].chunks_mut(10) {
            let mut fraction = random.u64(..);
            for letter in letters {
                // A letter is what of 62 times the fraction is whole; the rest is the next fraction.
                let product = u128::from(fraction) * LETTERS.len() as u128;
                *letter = LETTERS[(product >> 64) as usize];
                fraction = product as u64;
            }
        }
        Self {
            text,
            len: len as u8,
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.len)]).unwrap_or_default()
    }

    /// Its last eight letters: they are drawn, and tell it from others as well as all of it does.
    pub(crate) fn tail(&self) -> u64 {
        let text = &self.text[..usize::from(self.len)];
        text.last_chunk()
            .map_or(0, |last| u64::from_le_bytes(*last))
    }
}

impl Hash for GenerationId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tail().hash(state);
    }
}

impl FromStr for GenerationId {
    type Err = NotAGenerationId;

    fn from_str(name: &str) -> Result<Self, NotAGenerationId> {
        let mut text = [0; Self::MAX];
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.len() > Self::MAX || !name.starts_with("gen-") || !name.bytes().all(is_letter) {
            return Err(NotAGenerationId);
        }
        text[..name.len()].copy_from_slice(name.as_bytes());
        Ok(Self {
            text,
            len: name.len() as u8,
        })
    }
}

impl fmt::Display for NotAGenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of a generation")
    }
}

impl std::error::Error for NotAGenerationId {}

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
