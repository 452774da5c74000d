//! What can go wrong?

use crate::standing::Cause;

/// What happened?
///
/// One table says what follows from it: [`Kind::rule`] whose fault it is and what the caller is told, [`Kind::disposition`] who is asked next.
///
/// ```
/// use switchtower::{Again, Fault, Kind, Next};
///
/// let rule = Kind::RateLimited.rule();
/// assert_eq!((rule.fault, rule.status.as_u16()), (Fault::Upstream, 429));
/// // The next candidate first; the same one only when it is the last.
/// let disposition = Kind::RateLimited.disposition();
/// assert_eq!((disposition.next, disposition.again), (Next::Any, Again::Last));
/// ```
///
/// Of `Ejected` nobody was asked. Of what may be asked again or next [`Dispositions`](crate::Dispositions) decide, if there are any.
///
/// | kind | status | `error_type` | whose fault | the same one again | who is asked next | who is left alone |
/// |---|---|---|---|---|---|---|
/// | `Invalid`, `UnknownModel` | 400 | `invalid_request` | caller | no | nobody | nobody |
/// | `Unauthorized` | 401 | `authentication` | caller | no | nobody | nobody |
/// | `PaymentRequired` | 402 | `payment_required` | caller | no | nobody | nobody |
/// | `Forbidden` | 403 | `permission_denied` | caller | no | nobody | nobody |
/// | `NotFound`, `NoEndpoints` | 404 | `not_found` | caller | no | nobody | nobody |
/// | `MethodNotAllowed` | 405 | `invalid_request` | caller | no | nobody | nobody |
/// | `SlowRequest` | 408 | `timeout` | caller | no | nobody | nobody |
/// | `TooLarge` | 413 | `payload_too_large` | caller | no | nobody | nobody |
/// | `LimitReached` | 429 | `rate_limit_exceeded` | caller | no | nobody | nobody |
/// | `Refused` | 400 | `invalid_request` | caller | no | nobody | nobody |
/// | `ContentPolicy` | 400 | `content_policy_violation` | caller | no | the next model | nobody |
/// | `ContextTooLong` | 400 | `context_length_exceeded` | caller | no | one with a larger context | nobody |
/// | `UpstreamAuth` | 424 | `provider_unavailable` | upstream | no | the next | the key |
/// | `QuotaExhausted` | 429 | `rate_limit_exceeded` | upstream | no | the next | the key |
/// | `RateLimited` | 429 | `rate_limit_exceeded` | upstream | if it is the last | the next | the endpoint |
/// | `ModelMissing` | 404 | `not_found` | upstream | no | the next | the endpoint |
/// | `Overloaded` | 503 | `provider_overloaded` | upstream | if it is the last | the next | the endpoint |
/// | `Unavailable`, `Truncated`, `Malformed` | 502 | `provider_unavailable` | upstream | if it is the last | the next | the endpoint |
/// | `Connect`, `Disconnected` | 502 | `provider_unavailable` | network | if it is the last | the next | the endpoint |
/// | `Elapsed(Total)` | 504 | `timeout` | us | no | nobody | nobody |
/// | `Elapsed(Headers)`, `Elapsed(FirstToken)`, `Elapsed(Idle)`, `Elapsed(Throughput)` | 504 | `timeout` | upstream | no | the next | the endpoint |
/// | `Ejected(Key)` | 424 | `provider_unavailable` | upstream | no | the next | nobody |
/// | `Ejected(Quota)`, `Ejected(Limited)` | 429 | `rate_limit_exceeded` | upstream | no | the next | nobody |
/// | `Ejected(Failures)`, `Ejected(Rate)`, `Ejected(Slow)`, `Ejected(Operator)` | 503 | `provider_overloaded` | upstream | no | the next | nobody |
/// | `LedgerAway` | 503 | `server` | us | no | nobody | nobody |
/// | `Internal` | 500 | `server` | us | no | nobody | nobody |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The request is not well formed, or a field has a wrong value.
    Invalid,
    /// No model has this name.
    UnknownModel,
    /// The key is missing or wrong.
    Unauthorized,
    /// The key may not do this.
    Forbidden,
    /// Not enough credit.
    PaymentRequired,
    /// The caller's own limit of requests, tokens, or what is under way at once: waiting helps.
    LimitReached,
    /// Nothing is here: a route, a generation.
    NotFound,
    /// The route exists, but not for this method.
    MethodNotAllowed,
    /// The caller's preferences leave no endpoint.
    NoEndpoints,
    /// The body is over the limit.
    TooLarge,
    /// The caller took too long to send its request.
    SlowRequest,
    /// The upstream says that the request itself is wrong.
    Refused,
    /// The upstream, or who moderates for it, will not have this content: the prompt, or the answer to it.
    ContentPolicy,
    /// The prompt does not fit into the model's context.
    ContextTooLong,
    /// The upstream did not accept our key.
    UpstreamAuth,
    /// The account at the upstream is out of credit or quota: waiting does not help.
    QuotaExhausted,
    /// The upstream's rate limit: waiting helps.
    RateLimited,
    /// The upstream does not know the model.
    ModelMissing,
    /// The upstream is out of capacity.
    Overloaded,
    /// The upstream failed.
    Unavailable,
    /// The answer ended before it was complete.
    Truncated,
    /// The answer is not what the protocol promises.
    Malformed,
    /// No connection could be made.
    Connect,
    /// The connection broke.
    Disconnected,
    /// A clock ran out.
    Elapsed(Phase),
    /// The endpoint is left alone for a while, so that it was not asked.
    Ejected(Cause),
    /// What a request may cost, or did, cannot be written down just now: waiting helps.
    LedgerAway,
    /// Our own fault.
    Internal,
}

/// Which clock ran out?
///
/// [`deadline`](crate::dispatch::deadline) has a picture of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The response headers did not come.
    Headers,
    /// The headers came, the first content token did not.
    FirstToken,
    /// Content stopped coming.
    Idle,
    /// Content came too slowly.
    Throughput,
    /// The time for the whole request is over.
    Total,
}

// === impl Kind ===

impl Kind {
    /// All of them but [`Ejected`](Self::Ejected), which has a cause.
    pub const ALL: [Self; 31] = [
        Self::Invalid,
        Self::UnknownModel,
        Self::Unauthorized,
        Self::Forbidden,
        Self::PaymentRequired,
        Self::LimitReached,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NoEndpoints,
        Self::TooLarge,
        Self::SlowRequest,
        Self::Refused,
        Self::ContentPolicy,
        Self::ContextTooLong,
        Self::UpstreamAuth,
        Self::QuotaExhausted,
        Self::RateLimited,
        Self::ModelMissing,
        Self::Overloaded,
        Self::Unavailable,
        Self::Truncated,
        Self::Malformed,
        Self::Connect,
        Self::Disconnected,
        Self::Elapsed(Phase::Headers),
        Self::Elapsed(Phase::FirstToken),
        Self::Elapsed(Phase::Idle),
        Self::Elapsed(Phase::Throughput),
        Self::Elapsed(Phase::Total),
        Self::LedgerAway,
        Self::Internal,
    ];

    /// Might the same endpoint answer, if it were asked with another key?
    pub(crate) fn is_about_the_key(self) -> bool {
        matches!(
            self,
            Kind::UpstreamAuth | Kind::QuotaExhausted | Kind::RateLimited
        )
    }

    /// A short word for logs, records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Invalid => "invalid",
            Kind::UnknownModel => "unknown_model",
            Kind::Unauthorized => "unauthorized",
            Kind::Forbidden => "forbidden",
            Kind::PaymentRequired => "payment_required",
            Kind::LimitReached => "limit_reached",
            Kind::NotFound => "not_found",
            Kind::MethodNotAllowed => "method_not_allowed",
            Kind::NoEndpoints => "no_endpoints",
            Kind::TooLarge => "too_large",
            Kind::SlowRequest => "slow_request",
            Kind::Refused => "refused",
            Kind::ContentPolicy => "content_policy",
            Kind::ContextTooLong => "context_too_long",
            Kind::UpstreamAuth => "upstream_auth",
            Kind::QuotaExhausted => "quota_exhausted",
            Kind::RateLimited => "rate_limited",
            Kind::ModelMissing => "model_missing",
            Kind::Overloaded => "overloaded",
            Kind::Unavailable => "unavailable",
            Kind::Truncated => "truncated",
            Kind::Malformed => "malformed",
            Kind::Connect => "connect",
            Kind::Disconnected => "disconnected",
            Kind::Elapsed(Phase::Headers) => "elapsed_headers",
            Kind::Elapsed(Phase::FirstToken) => "elapsed_first_token",
            Kind::Elapsed(Phase::Idle) => "elapsed_idle",
            Kind::Elapsed(Phase::Throughput) => "elapsed_throughput",
            Kind::Elapsed(Phase::Total) => "elapsed_total",
            Kind::Ejected(Cause::Failures) => "ejected_failures",
            Kind::Ejected(Cause::Rate) => "ejected_rate",
            Kind::Ejected(Cause::Limited) => "ejected_limited",
            Kind::Ejected(Cause::Slow) => "ejected_slow",
            Kind::Ejected(Cause::Key) => "ejected_key",
            Kind::Ejected(Cause::Quota) => "ejected_quota",
            Kind::Ejected(Cause::Operator) => "ejected_operator",
            Kind::LedgerAway => "ledger_away",
            Kind::Internal => "internal",
        }
    }
}

// === impl Phase ===

impl Phase {
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Phase::Headers => "the provider did not answer in time",
            Phase::FirstToken => "the provider did not send its first token in time",
            Phase::Idle => "the provider stopped sending in the middle of its answer",
            Phase::Throughput => "the provider sent its answer too slowly",
            Phase::Total => "the time for the whole request is over",
        }
    }
}
