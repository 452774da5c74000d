//! What an attempt is likely to take.

/// The tokens that an attempt is expected to move. [`Call::need`](crate::Call::need) tells them.
///
/// ```
/// use switchtower::standing::Need;
///
/// let need = Need { input: 100, output: 20 };
/// assert_eq!(need.tokens(), 120);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
}

/// Requests, tokens, tokens of prompts, tokens of answers.
pub(crate) const UNITS: usize = 4;

// === impl Need ===

impl Need {
    /// All of them.
    #[must_use]
    pub fn tokens(self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// By unit.
    pub(super) fn units(self) -> [u64; UNITS] {
        [1, self.tokens(), self.input, self.output]
    }
}
