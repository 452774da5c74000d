use std::borrow::Cow;

use http::StatusCode;

/// An error as a provider tells it: `{"error": {"message", "type", "param", "code"}}`.
///
/// ```
/// use http::StatusCode;
/// use switchtower::testing::{Failure, Point, Script};
///
/// let failure = Failure::new(StatusCode::BAD_GATEWAY).message("upstream fell over").openrouter();
/// let script = Script::new().fail_at(Point::After(3), failure);
/// # let _ = script;
/// ```
#[derive(Clone, Debug)]
pub struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) message: Cow<'static, str>,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) code: Option<Cow<'static, str>>,
    pub(crate) param: Option<Cow<'static, str>>,
    pub(crate) openrouter: bool,
}

// === impl Failure ===

impl Failure {
    /// An error with the usual words for its status.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        let kind = match status.as_u16() {
            429 => "requests",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        let message = status.canonical_reason().unwrap_or("Something went wrong");
        Self {
            status,
            message: message.into(),
            kind: kind.into(),
            code: None,
            param: None,
            openrouter: false,
        }
    }

    /// 429: too many requests, come back later.
    #[must_use]
    pub fn rate_limited() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS)
            .message("Rate limit reached for requests")
            .code("rate_limit_exceeded")
    }

    /// 429 that does not pass: the account has no credit.
    #[must_use]
    pub fn quota_exhausted() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS)
            .message("You exceeded your current quota, please check your plan and billing details.")
            .kind("insufficient_quota")
            .code("insufficient_quota")
    }

    /// 401: the key is wrong.
    #[must_use]
    pub fn bad_key() -> Self {
        Self::new(StatusCode::UNAUTHORIZED)
            .message("Incorrect API key provided.")
            .code("invalid_api_key")
    }

    /// 400: the prompt does not fit.
    #[must_use]
    pub fn context_too_long() -> Self {
        Self::new(StatusCode::BAD_REQUEST)
            .message("This model's maximum context length is 8192 tokens. Please reduce the length of the messages.")
            .code("context_length_exceeded")
            .param("messages")
    }

    /// 503: the provider is overloaded.
    #[must_use]
    pub fn overloaded() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE)
            .message("The engine is currently overloaded, please try again later")
    }

    /// `error.message`.
    #[must_use]
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// `error.type`.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<Cow<'static, str>>) -> Self {
        self.kind = kind.into();
        self
    }

    /// `error.code`.
    #[must_use]
    pub fn code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// `error.param`.
    #[must_use]
    pub fn param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Spelled as OpenRouter does: the status as `code`, the type in `metadata.error_type`, and in a
    /// stream a chunk whose `finish_reason` is `error`.
    #[must_use]
    pub fn openrouter(mut self) -> Self {
        self.openrouter = true;
        self
    }
}

impl From<StatusCode> for Failure {
    fn from(status: StatusCode) -> Self {
        Self::new(status)
    }
}
