use std::time::Duration;

/// How long one model may take, where the catalogue says so.
///
/// What it leaves open is as [`Deadlines`](crate::dispatch::deadline::Deadlines) have it. The time for the whole request is
/// not among it: it runs before the model is known, and a request may be for several. In the file:
///
/// ```
/// use std::time::Duration;
/// use switchtower::catalog::Catalog;
///
/// let catalog = Catalog::from_toml(r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     [models.sage]
///     deadlines = { first_token_ms = 300_000, fail_over_ms = 90_000 }
///     [[models.sage.endpoints]]
///     provider = "acme"
///     model = "sage-2"
/// "#, "switchtower.toml", |_| None)?;
/// let deadlines = catalog.find("sage").unwrap().deadlines();
/// assert_eq!(deadlines.first_token, Some(Duration::from_secs(300)));
/// assert_eq!(deadlines.idle, None);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelDeadlines {
    /// From asking to the response headers.
    pub headers: Option<Duration>,
    /// From asking to the first content token.
    pub first_token: Option<Duration>,
    /// Likewise, while another candidate is left.
    pub fail_over: Option<Duration>,
    /// From one content token to the next.
    pub idle: Option<Duration>,
}
