//! How far have rows been forgotten?

use std::sync::{Mutex, PoisonError};

/// From when on rows are looked for that may go.
#[derive(Debug)]
pub(super) struct Pruned(Mutex<i64>);

/// No time is earlier.
const FIRST: i64 = i64::MIN;

// === impl Pruned ===

impl Pruned {
    pub(super) fn from(&self) -> i64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All until this time have gone; or all, from when they were looked for. May there be more? Older ones may have come since.
    pub(super) fn went(&self, last: Option<i64>) -> bool {
        let mut from = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *from, last.unwrap_or(FIRST));
        last.is_some() || before != FIRST
    }
}

impl Default for Pruned {
    fn default() -> Self {
        Self(Mutex::new(FIRST))
    }
}
