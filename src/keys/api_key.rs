//! A key in plain text.

use std::fmt;

use crate::caller::KeyId;

/// A key in plain text, as long as it takes to tell it. It prints as its label.
///
/// See the example of the [module](super).
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

/// What every key begins with, as OpenRouter's do.
const PREFIX: &str = "sk-or-v1-";

// === impl ApiKey ===

impl ApiKey {
    /// The key of these bytes, which must be random: `sk-or-v1-` and 64 hexadecimal digits.
    #[must_use]
    pub fn from_bytes(random: [u8; 32]) -> Self {
        let id = KeyId::from_bytes(random);
        Self(format!("{PREFIX}{id}"))
    }

    /// What callers send. Mind where it goes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.0)
    }

    /// As much of it as people need to tell it from others.
    #[must_use]
    pub fn label(&self) -> String {
        Self::label_of(&self.0)
    }

    /// The same of any key: of `sk-or-v1-` and what is long enough behind it three letters at either end, of others none.
    ///
    /// ```
    /// use switchtower::keys::ApiKey;
    ///
    /// assert_eq!(ApiKey::label_of("sk-or-v1-0123456789abcdef0123456789abcdef"), "sk-or-v1-012...def");
    /// assert_eq!(ApiKey::label_of("sk-or-v1-secret"), "sk-or-v1-...");
    /// assert_eq!(ApiKey::label_of("open sesame"), "...");
    /// ```
    #[must_use]
    pub fn label_of(key: &str) -> String {
        let Some(secret) = key.strip_prefix(PREFIX) else {
            return "...".to_owned();
        };
        // Six letters of 32 leave more than can be guessed.
        match (secret.get(..3), secret.len().checked_sub(3)) {
            (Some(first), Some(last)) if secret.len() >= 32 && secret.is_ascii() => {
                format!("{PREFIX}{first}...{}", &secret[last..])
            }
            _ => format!("{PREFIX}..."),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}
