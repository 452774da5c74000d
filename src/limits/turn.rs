//! Whose turn it is with the books.

use std::ops::DerefMut;
use std::sync::PoisonError;

use crate::sync::Mutex;

/// Whoever writes the books has it, and whoever reads what a rule is to begin with: what is in the books is not under way
/// then, and what is not is.
#[derive(Debug)]
pub(super) struct Turn(Mutex<()>);

// === impl Turn ===

impl Turn {
    pub(super) fn new() -> Self {
        Self(Mutex::new(()))
    }

    /// Waits for it. It is over when that is dropped.
    pub(super) fn take(&self) -> impl DerefMut<Target = ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
