//! What follows from a failure, as the operator wants it.

use std::sync::Arc;

use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::catalog::ContentPolicy;
use crate::disposition::{Again, Disposition, Next};
use crate::error::Error;
use crate::kind::{Kind, Phase};
use crate::plan::Candidate;

/// The table of [dispositions](Kind::disposition), with what the operator has changed.
///
/// [`FallbackLayer`](crate::dispatch::fallback::FallbackLayer), [`RetryLayer`](crate::dispatch::retry::RetryLayer) and
/// [`Stack`](crate::Stack) take them. They say who may be asked; how often and for how long, the budgets of a request
/// say, whatever stands here.
///
/// ```
/// use switchtower::{Again, AmbiguousSend, Disposition, Dispositions, Kind, Next};
///
/// let dispositions = Dispositions::default()
///     // Another model may take what this one refuses.
///     .with(Kind::Refused, Disposition { again: Again::Never, next: Next::Model })
///     .ambiguous(AmbiguousSend::NextOnly);
/// assert_eq!(dispositions.of(Kind::Refused).next, Next::Model);
/// assert_eq!(dispositions.of(Kind::Overloaded), Kind::Overloaded.disposition());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Dispositions {
    /// One for each kind at the most.
    changed: Option<Arc<[(Kind, Disposition)]>>,
    ambiguous: AmbiguousSend,
}

/// May a request be sent again that was sent, and of which nobody knows whether it is being answered?
///
/// So it is when a connection breaks, or a provider is silent for too long, before the headers of an answer have come.
/// The provider may be at work, and bill it: an answer that is paid for once more, which nobody receives. The record of
/// such an attempt says so: [`AttemptRecord::ambiguous`](crate::settle::AttemptRecord::ambiguous).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AmbiguousSend {
    /// Yes, wherever the kind allows it. The default: most connections that break before the headers are old ones that
    /// the provider has closed meanwhile; OpenRouter falls back in this case, and every SDK would send the request
    /// again itself, without a budget. The caller pays for the attempt that answers, and for no other.
    #[default]
    Retry,
    /// Only to another candidate.
    NextOnly,
    /// No: for whom a doubled bill is worse than an error.
    Stop,
}

// === impl Dispositions ===

impl Dispositions {
    /// Changes what is done about this kind.
    #[must_use]
    pub fn with(mut self, kind: Kind, disposition: Disposition) -> Self {
        let others = self.changed.iter().flat_map(|changed| changed.iter());
        let others = others.filter(|(other, _)| *other != kind).copied();
        self.changed = Some(others.chain([(kind, disposition)]).collect());
        self
    }

    /// Sets whether a request may be sent again that may have been answered. Default [`AmbiguousSend::Retry`].
    #[must_use]
    pub fn ambiguous(mut self, policy: AmbiguousSend) -> Self {
        self.ambiguous = policy;
        self
    }

    /// What is done about this kind.
    pub fn of(&self, kind: Kind) -> Disposition {
        let changed = self.changed.as_deref().unwrap_or_default();
        let changed = changed.iter().find(|(of, _)| *of == kind);
        changed.map_or_else(|| kind.disposition(), |(_, disposition)| *disposition)
    }

    /// What is done about this error of the candidate whose turn it is.
    pub(crate) fn after(&self, error: &Error, call: &Call) -> Disposition {
        let kind = error.kind();
        let mut disposition = self.at(kind, call.candidate());
        if self.ambiguous != AmbiguousSend::Retry && is_ambiguous(kind, call) {
            disposition.again = Again::Never;
            if self.ambiguous == AmbiguousSend::Stop {
                disposition.next = Next::Stop;
            }
        }
        disposition
    }

    /// What is done about this kind at this candidate.
    pub(crate) fn at(&self, kind: Kind, candidate: Option<&Candidate>) -> Disposition {
        let mut disposition = self.of(kind);
        if kind == Kind::ContentPolicy
            && let Some(policy) = candidate.and_then(|it| it.model.content_policy())
        {
            disposition.next = match policy {
                ContentPolicy::MoveOn => Next::Model,
                ContentPolicy::Stop => Next::Stop,
            };
        }
        disposition
    }

    /// Is there a kind of which the same candidate is asked again before any other?
    pub(crate) fn ask_again_first(&self) -> bool {
        let changed = self.changed.as_deref().unwrap_or_default();
        let first = |(_, disposition): &(_, Disposition)| disposition.again == Again::First;
        changed.iter().any(first)
    }
}

/// Did the request leave, and no word come back? Where nobody watches the attempts, an error is all that came.
fn is_ambiguous(kind: Kind, call: &Call) -> bool {
    let like = |attempt: &&Attempt| attempt.ended().map(|(end, _)| end) == Some(End::Failed(kind));
    matches!(kind, Kind::Disconnected | Kind::Elapsed(Phase::Headers))
        && call.with_attempts(|attempts| {
            let last = attempts.iter().rev().find(like);
            last.is_none_or(Attempt::is_ambiguous)
        })
}
