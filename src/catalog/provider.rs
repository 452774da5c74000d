//! Who runs endpoints, where, and with which key they are asked.

use http::Uri;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::{BaseUrl, Secret};

/// A company or a machine that answers OpenAI-compatible calls.
///
/// ```
/// use switchtower::catalog::{Provider, Secret};
///
/// let provider = Provider::new("openai", "https://api.openai.com/v1".parse()?)
///     .with_name("OpenAI")
///     .with_key(Secret::bearer("sk-123")?);
///
/// assert_eq!(provider.name(), "OpenAI");
/// assert_eq!(provider.headers()["authorization"], "Bearer sk-123");
/// assert!(!format!("{provider:?}").contains("sk-123"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Provider {
    slug: Box<str>,
    name: Box<str>,
    base_url: BaseUrl,
    chat_url: Uri,
    headers: HeaderMap,
}

// === impl Provider ===

impl Provider {
    /// A provider without a key, as a server of one's own may be.
    #[must_use]
    pub fn new(slug: &str, base_url: BaseUrl) -> Self {
        let chat_url = base_url
            .join("/chat/completions")
            .expect("a base URL has room for a path");
        Provider {
            slug: slug.into(),
            name: slug.into(),
            base_url,
            chat_url,
            headers: HeaderMap::new(),
        }
    }

    /// The name for people; by default the slug.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// The key, sent in the `Authorization` header.
    #[must_use]
    pub fn with_key(self, key: Secret) -> Self {
        self.with_key_in(AUTHORIZATION, key)
    }

    /// The key, sent in a header of the provider's own such as `api-key`.
    #[must_use]
    pub fn with_key_in(self, header: HeaderName, key: Secret) -> Self {
        self.with_header(header, key.header_value())
    }

    /// A header that every request to this provider carries.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The name by which requests and endpoints refer to it.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// The name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its API lives.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// Where it takes chat completions, made once.
    #[must_use]
    pub fn chat_url(&self) -> &Uri {
        &self.chat_url
    }

    /// What every request to it carries: the key, and the headers that were set.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}
