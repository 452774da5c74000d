//! What follows from a failure? One table.

use http::StatusCode;

use crate::kind::{Kind, Phase};
use crate::standing::Cause;

/// What is a [`Kind`] taken for?
///
/// See the example of [`Kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whose fault is it?
    pub fault: Fault,
    /// The HTTP status for the caller.
    pub status: StatusCode,
    /// OpenRouter's `error.metadata.error_type`.
    pub error_type: &'static str,
    /// Who is left alone for a while?
    pub bench: Bench,
}

/// What is done about a [`Kind`]?
///
/// [`Dispositions`](crate::Dispositions) change it, kind by kind.
///
/// ```
/// use switchtower::{Kind, Next};
///
/// // What one endpoint of a model will not have, the others will not have either.
/// assert_eq!(Kind::ContentPolicy.disposition().next, Next::Model);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Disposition {
    /// May the same candidate be asked again?
    pub again: Again,
    /// May the next candidate be asked?
    pub next: Next,
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

/// May the same candidate be asked again? A part of a [`Disposition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Again {
    /// No: it would answer the same, or it is silent.
    Never,
    /// Only when no other candidate is left; another one is the better choice.
    Last,
    /// Yes, before any other candidate is asked.
    First,
}

/// May the next candidate be asked? A part of a [`Disposition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// No: every candidate would answer the same.
    Stop,
    /// Only one with a larger context.
    LargerContext,
    /// Only one of another model: the other endpoints of this one would answer the same.
    Model,
    /// Yes.
    Any,
}

/// Who is left alone for a while, if this happens too often or is said plainly? A part of a [`Rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bench {
    /// Nobody: it says nothing about whoever was asked.
    Nobody,
    /// The endpoint: after too many failures, or for as long as it says itself.
    Endpoint,
    /// The key that was used, at once.
    Key,
}

type Row = (Fault, u16, &'static str, Again, Next, Bench);

// === impl Kind ===

impl Kind {
    /// The table. Statuses and error types are OpenRouter's, and so is who is asked next: any failure of a model leads to
    /// the next of the request's `models`, but the caller's own mistake, which every model would refuse.
    ///
    /// A refusal of the content skips the other endpoints of its model. OpenRouter asks another endpoint "on 5xx or
    /// rate limits", and another model also for "moderation flags": who serves the same weights moderates them by the
    /// same author's rules, so that the same prompt would be paid for, flagged and counted against our account there too.
    #[rustfmt::skip]
    fn row(self) -> Row {
        use Again::{Last, Never};
        use Bench::{Endpoint, Key, Nobody};
        use Fault::{Caller, Network, Upstream, Us};
        use Next::{Any, LargerContext, Model, Stop};
        match self {
            // what                       whose     told, as                         again?  who next?      bench?
            Kind::Invalid             => (Caller,   400, "invalid_request",          Never, Stop,          Nobody),
            Kind::UnknownModel        => (Caller,   400, "invalid_request",          Never, Stop,          Nobody),
            Kind::Unauthorized        => (Caller,   401, "authentication",           Never, Stop,          Nobody),
            Kind::PaymentRequired     => (Caller,   402, "payment_required",         Never, Stop,          Nobody),
            Kind::Forbidden           => (Caller,   403, "permission_denied",        Never, Stop,          Nobody),
            Kind::NotFound            => (Caller,   404, "not_found",                Never, Stop,          Nobody),
            Kind::NoEndpoints         => (Caller,   404, "not_found",                Never, Stop,          Nobody),
            Kind::MethodNotAllowed    => (Caller,   405, "invalid_request",          Never, Stop,          Nobody),
            Kind::SlowRequest         => (Caller,   408, "timeout",                  Never, Stop,          Nobody),
            Kind::TooLarge            => (Caller,   413, "payload_too_large",        Never, Stop,          Nobody),
            Kind::LimitReached        => (Caller,   429, "rate_limit_exceeded",      Never, Stop,          Nobody),
            Kind::Refused             => (Caller,   400, "invalid_request",          Never, Stop,          Nobody),
            Kind::ContentPolicy       => (Caller,   400, "content_policy_violation", Never, Model,         Nobody),
            Kind::ContextTooLong      => (Caller,   400, "context_length_exceeded",  Never, LargerContext, Nobody),
            // Nothing that passes: SDKs repeat a 5xx, OpenRouter's for an hour.
            Kind::UpstreamAuth        => (Upstream, 424, "provider_unavailable",     Never, Any,           Key),
            Kind::QuotaExhausted      => (Upstream, 429, "rate_limit_exceeded",      Never, Any,           Key),
            Kind::RateLimited         => (Upstream, 429, "rate_limit_exceeded",      Last,  Any,           Endpoint),
            Kind::ModelMissing        => (Upstream, 404, "not_found",                Never, Any,           Endpoint),
            Kind::Overloaded          => (Upstream, 503, "provider_overloaded",      Last,  Any,           Endpoint),
            Kind::Unavailable         => (Upstream, 502, "provider_unavailable",     Last,  Any,           Endpoint),
            Kind::Truncated           => (Upstream, 502, "provider_unavailable",     Last,  Any,           Endpoint),
            Kind::Malformed           => (Upstream, 502, "provider_unavailable",     Last,  Any,           Endpoint),
            Kind::Connect             => (Network,  502, "provider_unavailable",     Last,  Any,           Endpoint),
            Kind::Disconnected        => (Network,  502, "provider_unavailable",     Last,  Any,           Endpoint),
            Kind::Elapsed(Phase::Total)
                                      => (Us,       504, "timeout",                  Never, Stop,          Nobody),
            Kind::Elapsed(_)          => (Upstream, 504, "timeout",                  Never, Any,           Endpoint),
            // Nobody was asked.
            Kind::Ejected(Cause::Key) => (Upstream, 424, "provider_unavailable",     Never, Any,           Nobody),
            Kind::Ejected(Cause::Quota | Cause::Limited)
                                      => (Upstream, 429, "rate_limit_exceeded",      Never, Any,           Nobody),
            Kind::Ejected(_)          => (Upstream, 503, "provider_overloaded",      Never, Any,           Nobody),
            Kind::LedgerAway          => (Us,       503, "server",                   Never, Stop,          Nobody),
            Kind::Internal            => (Us,       500, "server",                   Never, Stop,          Nobody),
        }
    }

    /// What it is taken for.
    pub fn rule(self) -> Rule {
        let (fault, status, error_type, .., bench) = self.row();
        Rule {
            fault,
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            error_type,
            bench,
        }
    }

    /// What is done about it, unless [`Dispositions`](crate::Dispositions) say otherwise.
    pub fn disposition(self) -> Disposition {
        let (.., again, next, _) = self.row();
        Disposition { again, next }
    }

    /// Does a failure of this kind pass with time or with another endpoint?
    pub fn is_transient(self) -> bool {
        let (fault, status, ..) = self.row();
        if matches!(self, Kind::RateLimited | Kind::Ejected(Cause::Limited)) {
            return true;
        }
        fault != Fault::Caller && status >= 500
    }
}
