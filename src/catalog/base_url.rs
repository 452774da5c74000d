//! The URL under which a provider's API lives.

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// An `http` or `https` URL that paths can be appended to, such as `https://api.openai.com/v1`.
///
/// It has no query, no fragment and no credentials, and a trailing slash makes no difference.
///
/// ```
/// use switchtower::catalog::BaseUrl;
///
/// let base: BaseUrl = "https://api.openai.com/v1/".parse()?;
/// assert_eq!(base.to_string(), "https://api.openai.com/v1");
/// assert_eq!(base.join("/models")?, "https://api.openai.com/v1/models");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    uri: Uri,
}

/// Why is this text not a [`BaseUrl`]?
///
/// It never repeats the text, which may hold a password.
///
/// ```
/// use switchtower::catalog::{BaseUrl, InvalidBaseUrl};
///
/// let error = "ftp://example.com".parse::<BaseUrl>().unwrap_err();
/// assert_eq!(error, InvalidBaseUrl::NotHttp);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidBaseUrl {
    /// It is not a URL, or one far too long.
    NotAUrl,
    /// It does not begin with `http://` or `https://`.
    NotHttp,
    /// It has a user name or a password.
    Credentials,
    /// It has a query, which no path can follow.
    Query,
    /// It has a fragment, which is never sent.
    Fragment,
}

/// Leaves room for any path within the 65 534 bytes that a [`Uri`] may have.
const MAX_LEN: usize = 8 * 1024;

// === impl BaseUrl ===

impl BaseUrl {
    /// As a [`Uri`]; its path may be `/`, which [`join`](Self::join) leaves out.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// This URL with `path`, which begins with a slash, appended.
    ///
    /// # Errors
    ///
    /// If `path` is not fit for a URL.
    pub fn join(&self, path: &str) -> Result<Uri, http::uri::InvalidUri> {
        format!("{self}{path}").parse()
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `Uri` drops a fragment without a word.
        if text.contains('#') {
            return Err(InvalidBaseUrl::Fragment);
        }
        if text.len() > MAX_LEN {
            return Err(InvalidBaseUrl::NotAUrl);
        }
        let uri: Uri = text.parse().map_err(|_| InvalidBaseUrl::NotAUrl)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(InvalidBaseUrl::NotHttp);
        }
        let authority = uri.authority().ok_or(InvalidBaseUrl::NotAUrl)?;
        if authority.as_str().contains('@') {
            return Err(InvalidBaseUrl::Credentials);
        }
        let port = authority.as_str().strip_prefix(authority.host());
        let port_is_sound = port == Some("") || authority.port_u16().is_some();
        if authority.host().is_empty() || !port_is_sound {
            return Err(InvalidBaseUrl::NotAUrl);
        }
        if uri.query().is_some() {
            return Err(InvalidBaseUrl::Query);
        }
        let trimmed = text.trim_end_matches('/');
        Ok(BaseUrl {
            uri: trimmed.parse().map_err(|_| InvalidBaseUrl::NotAUrl)?,
        })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.uri.to_string().trim_end_matches('/'))
    }
}

// === impl InvalidBaseUrl ===

impl fmt::Display for InvalidBaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidBaseUrl::NotAUrl => "it is not a URL",
            InvalidBaseUrl::NotHttp => "it does not begin with http:// or https://",
            InvalidBaseUrl::Credentials => "it holds a user name or a password",
            InvalidBaseUrl::Query => "it has a query",
            InvalidBaseUrl::Fragment => "it has a fragment",
        })
    }
}

impl std::error::Error for InvalidBaseUrl {}
