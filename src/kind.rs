//! What can go wrong, and the one table that says what follows from it.

use http::StatusCode;

use crate::standing::Cause;

/// What happened?
///
/// [`Kind::rule`] says what follows from it:
///
/// ```
/// use switchtower::{Again, Fault, Kind, Next};
///
/// let rule = Kind::RateLimited.rule();
/// assert_eq!((rule.fault, rule.status.as_u16()), (Fault::Upstream, 429));
/// // The next candidate first; the same one only when it is the last.
/// assert_eq!((rule.next, rule.again), (Next::Any, Again::Last));
/// ```
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
    /// Our own fault.
    Internal,
}

/// Which clock ran out?
///
/// [`deadline`](crate::dispatch::deadline) has a picture of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The response headers did not come.
    Headers,
    /// The headers came, the first content token did not.
    FirstToken,
    /// Content stopped coming.
    Idle,
    /// The time for the whole request is over.
    Total,
}

/// Whose fault is it? A part of a [`Rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller's. Nothing is held against an endpoint.
    Caller,
    /// The provider's.
    Upstream,
    /// The way to the provider.
    Network,
    /// Ours.
    Us,
}

/// May the same candidate be asked again? A part of a [`Rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Again {
    /// No: it would answer the same, or it is silent.
    Never,
    /// Only when no other candidate is left; another one is the better choice.
    Last,
}

/// May the next candidate be asked? A part of a [`Rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// No: every candidate would answer the same.
    Stop,
    /// Only one with a larger context.
    LargerContext,
    /// Yes.
    Any,
}

/// What follows from a [`Kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whose fault is it?
    pub fault: Fault,
    /// The HTTP status for the caller.
    pub status: StatusCode,
    /// OpenRouter's `error.metadata.error_type`.
    pub error_type: &'static str,
    /// May the same candidate be asked again?
    pub again: Again,
    /// May the next candidate be asked?
    pub next: Next,
}

// === impl Kind ===

impl Kind {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::Invalid,
        Self::UnknownModel,
        Self::Unauthorized,
        Self::Forbidden,
        Self::PaymentRequired,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NoEndpoints,
        Self::TooLarge,
        Self::SlowRequest,
        Self::Refused,
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
        Self::Elapsed(Phase::Total),
        Self::Internal,
    ];

    /// The table kind → fault, status, error type, retry, fallback.
    ///
    /// Statuses and error types are OpenRouter's.
    #[rustfmt::skip]
    pub fn rule(self) -> Rule {
        use Fault::{Caller, Network, Upstream, Us};
        use Again::{Last, Never};
        use Next::{Any, LargerContext, Stop};
        let (fault, status, error_type, again, next) = match self {
            Kind::Invalid               => (Caller,   400, "invalid_request",         Never, Stop),
            Kind::UnknownModel          => (Caller,   400, "invalid_request",         Never, Stop),
            Kind::Unauthorized          => (Caller,   401, "authentication",          Never, Stop),
            Kind::PaymentRequired       => (Caller,   402, "payment_required",        Never, Stop),
            Kind::Forbidden             => (Caller,   403, "permission_denied",       Never, Stop),
            Kind::NotFound              => (Caller,   404, "not_found",               Never, Stop),
            Kind::NoEndpoints           => (Caller,   404, "not_found",               Never, Stop),
            Kind::MethodNotAllowed      => (Caller,   405, "invalid_request",         Never, Stop),
            Kind::SlowRequest           => (Caller,   408, "timeout",                 Never, Stop),
            Kind::TooLarge              => (Caller,   413, "payload_too_large",       Never, Stop),
            Kind::Refused               => (Caller,   400, "invalid_request",         Never, Stop),
            Kind::ContextTooLong        => (Caller,   400, "context_length_exceeded", Never, LargerContext),
            // Nothing that passes: SDKs repeat a 5xx, OpenRouter's for an hour.
            Kind::UpstreamAuth          => (Upstream, 424, "provider_unavailable",    Never, Any),
            Kind::QuotaExhausted        => (Upstream, 429, "rate_limit_exceeded",     Never, Any),
            Kind::RateLimited           => (Upstream, 429, "rate_limit_exceeded",     Last,  Any),
            Kind::ModelMissing          => (Upstream, 404, "not_found",               Never, Any),
            Kind::Overloaded            => (Upstream, 503, "provider_overloaded",     Last,  Any),
            Kind::Unavailable           => (Upstream, 502, "provider_unavailable",    Last,  Any),
            Kind::Truncated             => (Upstream, 502, "provider_unavailable",    Last,  Any),
            Kind::Malformed             => (Upstream, 502, "provider_unavailable",    Last,  Any),
            Kind::Connect               => (Network,  502, "provider_unavailable",    Last,  Any),
            Kind::Disconnected          => (Network,  502, "provider_unavailable",    Last,  Any),
            Kind::Elapsed(Phase::Total) => (Us,       504, "timeout",                 Never, Stop),
            Kind::Elapsed(_)            => (Upstream, 504, "timeout",                 Never, Any),
            Kind::Ejected(Cause::Key)   => (Upstream, 424, "provider_unavailable",    Never, Any),
            Kind::Ejected(Cause::Quota | Cause::Limited)
                                        => (Upstream, 429, "rate_limit_exceeded",     Never, Any),
            Kind::Ejected(_)            => (Upstream, 503, "provider_overloaded",     Never, Any),
            Kind::Internal              => (Us,       500, "server",                  Never, Stop),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Rule { fault, status, error_type, again, next }
    }

    /// Does a failure of this kind pass with time or with another endpoint?
    pub fn is_transient(self) -> bool {
        let rule = self.rule();
        if self == Kind::Ejected(Cause::Limited) {
            return true;
        }
        rule.fault != Fault::Caller && (rule.status.is_server_error() || rule.again != Again::Never)
    }

    /// A short word for logs, records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Invalid => "invalid",
            Kind::UnknownModel => "unknown_model",
            Kind::Unauthorized => "unauthorized",
            Kind::Forbidden => "forbidden",
            Kind::PaymentRequired => "payment_required",
            Kind::NotFound => "not_found",
            Kind::MethodNotAllowed => "method_not_allowed",
            Kind::NoEndpoints => "no_endpoints",
            Kind::TooLarge => "too_large",
            Kind::SlowRequest => "slow_request",
            Kind::Refused => "refused",
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
            Kind::Elapsed(Phase::Total) => "elapsed_total",
            Kind::Ejected(Cause::Failures) => "ejected_failures",
            Kind::Ejected(Cause::Rate) => "ejected_rate",
            Kind::Ejected(Cause::Limited) => "ejected_limited",
            Kind::Ejected(Cause::Key) => "ejected_key",
            Kind::Ejected(Cause::Quota) => "ejected_quota",
            Kind::Ejected(Cause::Operator) => "ejected_operator",
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
            Phase::Total => "the time for the whole request is over",
        }
    }
}
