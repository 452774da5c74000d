//! How a SQLite store is opened.

use crate::settle::Durability;

/// How a [`SqliteStore`](super::SqliteStore) is opened.
///
/// See the example there.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SqliteSettings {
    /// By default [`Process`](Durability::Process).
    pub durability: Durability,
    /// How large the file may become, in bytes; without a limit of its own the disk is one.
    pub max_bytes: Option<u64>,
}

// === impl SqliteSettings ===

impl SqliteSettings {
    /// Sets what a commit must outlive.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how large the file may become, in bytes. Then it is full, as a disk is.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }
}
