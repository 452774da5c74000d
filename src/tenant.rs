//! Whose request it is, without the key that says so.

use sha2::{Digest, Sha256};

/// A short name for whoever brings a key: the first eight bytes of its SHA-256.
///
/// It tells callers apart and gives no key away.
///
/// ```
/// use switchtower::Tenant;
///
/// assert_eq!(Tenant::of("sk-or-v1-a"), Tenant::of("sk-or-v1-a"));
/// assert_ne!(Tenant::of("sk-or-v1-a"), Tenant::of("sk-or-v1-b"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tenant(u64);

// === impl Tenant ===

impl Tenant {
    /// Whoever brings this key.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self::of_hash(&Sha256::digest(key.as_bytes()).into())
    }

    /// Whoever brings the key with this SHA-256.
    #[must_use]
    pub fn of_hash(hash: &[u8; 32]) -> Self {
        let (first, _) = hash.split_first_chunk().expect("32 bytes are at least 8");
        Self(u64::from_be_bytes(*first))
    }
}
