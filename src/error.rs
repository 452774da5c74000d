//! One error for every layer: what happened, whose fault it is, and what may be done about it.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::attempt::Attempt;
use crate::kind::{Kind, Phase};
use crate::limits::{Exceeded, Nearest};
use crate::network;
use crate::refused::Refused;

/// A boxed error, as Tower spells it: what [`Error::from_inner`] takes.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call, or one attempt at it, did not succeed.
///
/// One pointer wide, so that `Result`s stay small. [`Error::kind`] says what happened; the kind's
/// [`Rule`](crate::Rule) says whose fault it is, which status it becomes and whether to ask again.
///
/// ```
/// use switchtower::{Error, Fault, Kind};
///
/// let error = Error::new(Kind::Overloaded, "acme is busy");
/// assert_eq!(error.kind().rule().fault, Fault::Upstream);
/// assert_eq!(error.status(), 503);
/// ```
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    message: Cow<'static, str>,
    param: Option<Cow<'static, str>>,
    upstream: Option<Upstream>,
    retry_after: Option<Duration>,
    refused: Option<Refused>,
    exceeded: Option<Exceeded>,
    nearest: Option<Nearest>,
    waiting_helps: Option<bool>,
    attempts: Attempts,
    source: Option<BoxError>,
}

/// They know more than is to be printed.
#[derive(Default)]
struct Attempts(Vec<Attempt>);

/// What the upstream itself said when it refused, as far as a caller may know it.
///
/// ```
/// use switchtower::{Error, Kind, Upstream};
///
/// let upstream = Upstream { status: Some(529), ..Upstream::default() };
/// let error = Error::new(Kind::Overloaded, "acme is busy").with_upstream(upstream);
/// assert_eq!(error.status(), 529);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// The HTTP status, or the status that an error inside a 200 named.
    pub status: Option<u16>,
    /// Its own error code or type, at most 64 bytes of it.
    pub code: Option<Box<str>>,
    /// The display name of the provider.
    pub provider: Option<Arc<str>>,
    /// Why it refused the content, in its own words, such as `violence`: at most eight of 64 characters.
    pub reasons: Vec<Box<str>>,
}

// === impl Error ===

impl Error {
    /// An error of this kind, with a sentence for the caller.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            param: None,
            upstream: None,
            retry_after: None,
            refused: None,
            exceeded: None,
            nearest: None,
            waiting_helps: None,
            attempts: Attempts::default(),
            source: None,
        }))
    }

    /// The clock of this phase ran out.
    pub fn elapsed(phase: Phase) -> Self {
        Self::new(Kind::Elapsed(phase), phase.sentence())
    }

    /// Takes over what an inner service returned: an [`Error`] as it is, anything else as a
    /// [`Kind::Connect`] or [`Kind::Disconnected`] with the original as its source.
    pub fn from_inner<E: Into<BoxError> + 'static>(error: E) -> Self {
        let mut slot = Some(error);
        if let Some(own) = (&mut slot as &mut dyn Any).downcast_mut::<Option<Error>>() {
            return own.take().expect("the slot was filled above");
        }
        let boxed: BoxError = slot.take().expect("the slot was filled above").into();
        match boxed.downcast::<Error>() {
            Ok(own) => *own,
            Err(other) => {
                let (kind, message) = network::what(&*other);
                Self::new(kind, message).with_source(other)
            }
        }
    }

    /// Names the request field at fault.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// Adds what the upstream said.
    #[must_use]
    pub fn with_upstream(mut self, upstream: Upstream) -> Self {
        self.0.upstream = Some(upstream);
        self
    }

    /// Adds how long the upstream asks to be left alone.
    #[must_use]
    pub fn with_retry_after(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.0.retry_after = after.into();
        self
    }

    /// Adds why nobody could be asked.
    #[must_use]
    pub fn with_refused(mut self, refused: Refused) -> Self {
        self.0.refused = Some(refused);
        self
    }

    /// Adds which limit leaves no room.
    #[must_use]
    pub fn with_exceeded(mut self, exceeded: Exceeded) -> Self {
        self.0.exceeded = Some(exceeded);
        self
    }

    /// Adds what is left of the caller's limits.
    #[must_use]
    pub(crate) fn with_nearest(mut self, nearest: Nearest) -> Self {
        self.0.nearest = Some(nearest);
        self
    }

    /// Adds whether it helps to wait, where the kind alone does not tell.
    #[must_use]
    pub(crate) fn with_waiting_helps(mut self, helps: bool) -> Self {
        self.0.waiting_helps = Some(helps);
        self
    }

    /// Adds who has been asked in vain.
    #[must_use]
    pub(crate) fn with_attempts(mut self, attempts: Vec<Attempt>) -> Self {
        self.0.attempts = Attempts(attempts);
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What happened?
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The sentence for the caller. It never holds a key, a prompt or an answer of ours; of an
    /// upstream's words it repeats only those about the caller's own request.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The request field at fault, such as `messages` or `provider.order`.
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// What the upstream said, if one was reached.
    pub fn upstream(&self) -> Option<&Upstream> {
        self.0.upstream.as_ref()
    }

    /// How long it is until somebody may be asked again: as the upstream says, or as long as the endpoint is left alone; of
    /// several the shortest.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// May it help to send the same request again, after [`retry_after`](Self::retry_after)?
    ///
    /// Not where nobody knows when it would, since all that could be done at once was done; nor where the caller would be
    /// told the same. The gateway says it in `x-should-retry`, as long as an SDK would wait so long.
    ///
    /// ```
    /// use std::time::Duration;
    /// use switchtower::{Error, Kind};
    ///
    /// let busy = Error::new(Kind::RateLimited, "acme is busy");
    /// assert!(!busy.should_retry());
    /// assert!(busy.with_retry_after(Duration::from_secs(7)).should_retry());
    /// ```
    pub fn should_retry(&self) -> bool {
        let helps = self.0.waiting_helps;
        self.retry_after().is_some() && helps.unwrap_or_else(|| self.kind().is_transient())
    }

    /// Who has been asked in vain, in order: all attempts of the request until `retry` or `fallback` gave up.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts.0
    }

    /// Why nobody could be asked, if it was refused to plan.
    pub fn refused(&self) -> Option<&Refused> {
        self.0.refused.as_ref()
    }

    /// Which limit of the caller leaves no room, if one does.
    pub fn exceeded(&self) -> Option<&Exceeded> {
        self.0.exceeded.as_ref()
    }

    /// What was left of the caller's limits, if any were counted.
    pub fn nearest(&self) -> Option<&Nearest> {
        self.0.nearest.as_ref()
    }

    /// The status with which this error leaves the gateway. A refusal of the caller's own request
    /// keeps the status that the upstream chose.
    pub fn status(&self) -> StatusCode {
        let own = self.0.kind.rule().status;
        match (self.0.kind, self.upstream().and_then(|up| up.status)) {
            (Kind::Refused, Some(status @ (400 | 403 | 413 | 415 | 422))) => {
                StatusCode::from_u16(status).unwrap_or(own)
            }
            (Kind::ContentPolicy, Some(403)) => StatusCode::FORBIDDEN,
            (Kind::Overloaded, Some(529)) => StatusCode::from_u16(529).unwrap_or(own),
            _ => own,
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ends = self.0.iter().map(|attempt| attempt.ended());
        f.debug_list()
            .entries(ends.map(|ended| ended.map(|(end, _)| end)))
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
