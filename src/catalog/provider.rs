//! Who runs endpoints, where, and with which key they are asked.

use http::Uri;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::{BaseUrl, Key, Pace, ReportedCost, Secret, StopsBilling};

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
    key_header: HeaderName,
    keys: Box<[Key]>,
    pace: Pace,
    collects_data: bool,
    zdr: bool,
    own_key: bool,
    stops_billing: StopsBilling,
    reported_cost: ReportedCost,
    about: About,
}

/// What people want to know about a provider: pages and places. All of it is only told.
///
/// ```
/// use switchtower::catalog::{About, Provider};
///
/// let provider = Provider::new("acme", "https://api.acme.test".parse()?).with_about(About {
///     headquarters: Some("DE".into()),
///     ..About::default()
/// });
/// assert_eq!(provider.about().headquarters.as_deref(), Some("DE"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Where it says what it does with data.
    pub privacy_policy_url: Option<Box<str>>,
    /// Its terms.
    pub terms_of_service_url: Option<Box<str>>,
    /// Where it says how it is doing.
    pub status_page_url: Option<Box<str>>,
    /// The country it is from, by its two letters (ISO 3166-1).
    pub headquarters: Option<Box<str>>,
    /// The countries in which it computes; none if that is not known.
    pub datacenters: Option<Vec<Box<str>>>,
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
            key_header: AUTHORIZATION,
            keys: Box::default(),
            pace: Pace::default(),
            collects_data: true,
            zdr: false,
            own_key: false,
            stops_billing: StopsBilling::of(slug),
            reported_cost: ReportedCost::default(),
            about: About::default(),
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
        self.with_keys(header, [Key::new(key)])
    }

    /// Several keys, sent in this header, of which each request takes one: see [`gate`](crate::dispatch::gate). Without that layer it is
    /// always the first. They take the place of those that it had; one without a label has its place for one.
    #[must_use]
    pub fn with_keys(mut self, header: HeaderName, keys: impl IntoIterator<Item = Key>) -> Self {
        self.headers.remove(&self.key_header);
        let labelled = |(place, key): (usize, Key)| match key.label() {
            "" => key.with_label(&(place + 1).to_string()),
            _ => key,
        };
        self.keys = keys.into_iter().enumerate().map(labelled).collect();
        if let Some(key) = self.keys.first() {
            self.headers
                .insert(header.clone(), key.secret().header_value());
        }
        self.key_header = header;
        self
    }

    /// How many requests and tokens a minute each of its keys is good for, unless the key says otherwise; without a key, itself.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// A header that every request to this provider carries.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Does it keep what it is told, for purposes of its own? By default it is taken to.
    #[must_use]
    pub fn with_data_collection(mut self, collects: bool) -> Self {
        self.collects_data = collects;
        self
    }

    /// Does it retain nothing? By default it is not taken to.
    #[must_use]
    pub fn with_zdr(mut self, zdr: bool) -> Self {
        self.zdr = zdr;
        self
    }

    /// Is its key one of the operator's own account, so that its endpoints are asked first?
    #[must_use]
    pub fn with_own_key(mut self, own: bool) -> Self {
        self.own_key = own;
        self
    }

    /// When does it stop billing an answer that nobody reads any more? By default what its slug tells.
    #[must_use]
    pub fn with_stops_billing(mut self, stops: StopsBilling) -> Self {
        self.stops_billing = stops;
        self
    }

    /// What is done with the cost that it reports? By default it is kept beside ours.
    #[must_use]
    pub fn with_reported_cost(mut self, reported: ReportedCost) -> Self {
        self.reported_cost = reported;
        self
    }

    /// What people want to know about it.
    #[must_use]
    pub fn with_about(mut self, about: About) -> Self {
        self.about = about;
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

    /// What every request to it carries: the first key, and the headers that were set.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Its keys, in order; none if it takes requests without one.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The header that carries a key.
    #[must_use]
    pub fn key_header(&self) -> &HeaderName {
        &self.key_header
    }

    /// How many requests and tokens a minute each of its keys is good for, unless the key says otherwise.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Does it keep what it is told, for purposes of its own? An endpoint may differ.
    #[must_use]
    pub fn collects_data(&self) -> bool {
        self.collects_data
    }

    /// Does it retain nothing? An endpoint may differ.
    #[must_use]
    pub fn is_zdr(&self) -> bool {
        self.zdr
    }

    /// Is its key one of the operator's own account? An endpoint may differ.
    #[must_use]
    pub fn has_own_key(&self) -> bool {
        self.own_key
    }

    /// When does it stop billing an answer that nobody reads any more?
    #[must_use]
    pub fn stops_billing(&self) -> StopsBilling {
        self.stops_billing
    }

    /// What is done with the cost that it reports?
    #[must_use]
    pub fn reported_cost(&self) -> ReportedCost {
        self.reported_cost
    }

    /// What people want to know about it.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }
}
