//! What is under way.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicU64;

/// Attempts that have begun and not ended, and the tokens that they are expected to move: one word, so that both are of one
/// moment, and an attempt touches it twice.
#[derive(Debug)]
pub(super) struct Load {
    /// Attempts in the upper 20 bits, a million, and tokens in the lower 44, seventeen trillion.
    word: AtomicU64,
}

/// Bits of the tokens.
const TOKENS: u32 = 44;
const MOST_TOKENS: u64 = (1 << TOKENS) - 1;
/// A caller may ask for as many as it likes: one attempt counts for a billion at the most, so that it crowds out no other.
const MOST_EACH: u64 = 1 << 30;
const MOST_ATTEMPTS: u64 = u64::MAX >> TOKENS;

// === impl Load ===

impl Load {
    pub(super) fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
        }
    }

    pub(super) fn add(&self, tokens: u64) {
        let tokens = tokens.min(MOST_EACH);
        self.change(|attempts, all| (attempts + 1, all.saturating_add(tokens)));
    }

    pub(super) fn take(&self, tokens: u64) {
        let tokens = tokens.min(MOST_EACH);
        self.change(|attempts, all| (attempts.saturating_sub(1), all.saturating_sub(tokens)));
    }

    pub(super) fn in_flight(&self) -> u32 {
        let (attempts, _) = parts(self.word.load(Relaxed));
        attempts as u32
    }

    pub(super) fn tokens(&self) -> u64 {
        let (_, tokens) = parts(self.word.load(Relaxed));
        tokens
    }

    fn change(&self, change: impl Fn(u64, u64) -> (u64, u64)) {
        let step = |word| {
            let (attempts, tokens) = parts(word);
            let (attempts, tokens) = change(attempts, tokens);
            Some((attempts.min(MOST_ATTEMPTS) << TOKENS) | tokens.min(MOST_TOKENS))
        };
        let _ = self.word.try_update(Relaxed, Relaxed, step);
    }
}

fn parts(word: u64) -> (u64, u64) {
    (word >> TOKENS, word & MOST_TOKENS)
}
