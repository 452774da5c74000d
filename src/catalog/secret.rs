//! A key, which nothing prints.

use std::fmt;

use http::header::{HeaderValue, InvalidHeaderValue};

/// A provider's key as the header that carries it, made once, so that a request costs one reference
/// count.
///
/// It prints as `[redacted]`, and the header is marked sensitive.
///
/// ```
/// use switchtower::catalog::Secret;
///
/// let secret = Secret::bearer("sk-123")?;
/// assert_eq!(format!("{secret:?} {secret}"), "[redacted] [redacted]");
/// assert_eq!(secret.header_value(), "Bearer sk-123");
/// assert_eq!(format!("{:?}", secret.header_value()), "Sensitive");
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(HeaderValue);

// === impl Secret ===

impl Secret {
    /// `Bearer <key>`, for the `Authorization` header.
    ///
    /// # Errors
    ///
    /// If the key holds bytes that no header can carry, such as a line break.
    pub fn bearer(key: &str) -> Result<Self, InvalidHeaderValue> {
        Self::plain(&format!("Bearer {key}"))
    }

    /// The key alone, for a header of the provider's own such as `api-key`.
    ///
    /// # Errors
    ///
    /// As for [`Secret::bearer`].
    pub fn plain(key: &str) -> Result<Self, InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(key)?;
        value.set_sensitive(true);
        Ok(Secret(value))
    }

    /// Is the key part of this text? One of less than eight bytes may be any word, and is no secret.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let value = self.0.to_str().unwrap_or_default();
        let key = value.strip_prefix("Bearer ").unwrap_or(value).trim();
        key.len() >= 8 && text.contains(key)
    }

    /// The header value, marked sensitive. Mind where it goes.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
