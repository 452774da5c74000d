use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue, header::RETRY_AFTER};

use super::Script;

// === impl Script ===

/// # Headers of the response
impl Script {
    /// Adds a header, to an answer and to an error alike.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// `Retry-After` in whole seconds, rounded up.
    ///
    /// ```
    /// use std::time::Duration;
    /// use http::StatusCode;
    /// use switchtower::testing::Script;
    ///
    /// let busy = Script::fail(StatusCode::TOO_MANY_REQUESTS).retry_after(Duration::from_secs(2));
    /// # let _ = busy;
    /// ```
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.header(RETRY_AFTER, seconds.into())
    }

    /// `Retry-After` as a date.
    #[must_use]
    pub fn retry_after_date(self, date: SystemTime) -> Self {
        self.header(RETRY_AFTER, text(&httpdate::fmt_http_date(date)))
    }

    /// `retry-after-ms`, as OpenAI and Azure send it.
    #[must_use]
    pub fn retry_after_ms(self, wait: Duration) -> Self {
        let name = HeaderName::from_static("retry-after-ms");
        self.header(name, text(&wait.as_millis().to_string()))
    }

    /// `x-ratelimit-{limit,remaining,reset}-requests`, as OpenAI spells them.
    #[must_use]
    pub fn rate_limit_requests(self, limit: u64, remaining: u64, reset: Duration) -> Self {
        self.rate_limit("requests", limit, remaining, reset)
    }

    /// `x-ratelimit-{limit,remaining,reset}-tokens`, as OpenAI spells them.
    #[must_use]
    pub fn rate_limit_tokens(self, limit: u64, remaining: u64, reset: Duration) -> Self {
        self.rate_limit("tokens", limit, remaining, reset)
    }

    fn rate_limit(self, what: &str, limit: u64, remaining: u64, reset: Duration) -> Self {
        let name = |part: &str| {
            HeaderName::try_from(format!("x-ratelimit-{part}-{what}")).expect("a header name")
        };
        self.header(name("limit"), limit.into())
            .header(name("remaining"), remaining.into())
            .header(name("reset"), text(&go_duration(reset)))
    }
}

/// OpenAI prints resets as Go does: `120ms`, `6s`, `1m30s`.
fn go_duration(wait: Duration) -> String {
    let (minutes, seconds) = (wait.as_secs() / 60, wait.as_secs() % 60);
    match (minutes, wait.subsec_millis()) {
        (0, millis) if seconds == 0 => format!("{millis}ms"),
        (0, 0) => format!("{seconds}s"),
        (0, millis) => format!("{seconds}.{millis:03}s"),
        (_, _) => format!("{minutes}m{seconds}s"),
    }
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("digits and letters make a header value")
}
