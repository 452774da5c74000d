//! Who asks, without the key that says so.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::keys::{ProviderKeys, Rights};
use crate::tenant::Tenant;

/// The public name of a caller's key: its SHA-256, 64 hexadecimal digits in lower case.
///
/// It gives no key away, and is what OpenRouter's API of keys calls their `hash`.
///
/// ```
/// use switchtower::KeyId;
///
/// let id = KeyId::of("sk-or-v1-a");
/// assert_eq!(id.to_string().len(), 64);
/// assert_eq!(id.to_string().parse(), Ok(id));
/// assert!("sk-or-v1-a".parse::<KeyId>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; 32]);

/// A text that is not a [`KeyId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAKeyId;

/// Who asks: the name of the key that was brought, and of the account that it belongs to.
///
/// [`key`](crate::admit::key) finds out, and puts it into the [`Call`](crate::Call); limits and bills go by it.
///
/// ```
/// use switchtower::{Caller, KeyId};
///
/// let caller = Caller::new(KeyId::of("sk-or-v1-a")).account("acme");
/// assert_eq!(caller.account_name(), "acme");
/// assert_eq!(Caller::new(KeyId::of("sk-or-v1-a")).account_name(), Caller::ACCOUNT);
/// ```
#[derive(Clone, Debug)]
pub struct Caller {
    key: KeyId,
    account: Arc<str>,
    rights: Rights,
    provider_keys: ProviderKeys,
}

// === impl KeyId ===

impl KeyId {
    /// The name of this key.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// The name that consists of these bytes.
    #[must_use]
    pub const fn from_bytes(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Hash for KeyId {
    /// By eight of its bytes, which are as good as random.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = NotAKeyId;

    fn from_str(text: &str) -> Result<Self, NotAKeyId> {
        let mut hash = [0; 32];
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(NotAKeyId),
        };
        if text.len() != 2 * hash.len() {
            return Err(NotAKeyId);
        }
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = digit(digits[0])? << 4 | digit(digits[1])?;
        }
        Ok(Self(hash))
    }
}

// === impl NotAKeyId ===

impl fmt::Display for NotAKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a key has 64 hexadecimal digits in lower case")
    }
}

impl std::error::Error for NotAKeyId {}

// === impl Caller ===

impl Caller {
    /// The account of keys that name none.
    pub const ACCOUNT: &str = "default";

    /// Whoever brings the key of this name, for the account [`ACCOUNT`](Self::ACCOUNT).
    #[must_use]
    pub fn new(key: KeyId) -> Self {
        Self {
            key,
            account: Arc::from(Self::ACCOUNT),
            rights: Rights::default(),
            provider_keys: ProviderKeys::default(),
        }
    }

    /// For this account instead.
    #[must_use]
    pub fn account(mut self, account: impl Into<Arc<str>>) -> Self {
        self.account = account.into();
        self
    }

    /// With these rights instead of all of them.
    #[must_use]
    pub fn with_rights(mut self, rights: Rights) -> Self {
        self.rights = rights;
        self
    }

    /// With these keys of its own at providers, which others of its account share.
    #[must_use]
    pub fn with_provider_keys(mut self, keys: ProviderKeys) -> Self {
        self.provider_keys = keys;
        self
    }

    /// Its own keys at providers.
    #[must_use]
    pub fn provider_keys(&self) -> &ProviderKeys {
        &self.provider_keys
    }

    /// What it may do.
    #[must_use]
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// The name of the key.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The account that pays.
    #[must_use]
    pub fn account_name(&self) -> &str {
        &self.account
    }

    /// The short name, by which conversations are told apart.
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        Tenant::of_hash(self.key.as_bytes())
    }
}
