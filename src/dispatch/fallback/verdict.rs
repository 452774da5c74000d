//! Who is asked next, and what is said when nobody is left?

use std::time::{Duration, Instant};

use crate::call::Call;
use crate::error::Error;
use crate::kind::{Kind, Next};
use crate::plan::Plan;

/// What an error means for the rest of the plan.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The candidate at this place may be asked.
    Ask(usize),
    /// Nobody is left who could answer.
    NobodyLeft,
    /// Every candidate would say the same.
    Final,
}

/// The place of the next candidate after `at` that may be asked, after all that was `seen`.
pub(super) fn next(error: &Error, seen: &Seen, call: &Call, at: usize, now: Instant) -> Verdict {
    let rule = error.kind().rule();
    let Some(plan) = call.plan() else {
        return Verdict::Final;
    };
    if rule.next == Next::Stop {
        return Verdict::Final;
    }
    if call.tries() == 0 || call.until().is_some_and(|until| until <= now) {
        return Verdict::NobodyLeft;
    }
    let fits = |next: &usize| {
        seen.too_small
            .is_none_or(|small| larger(plan, small, *next))
    };
    let found = (at + 1..plan.candidates.len()).find(fits);
    found.map_or(Verdict::NobodyLeft, Verdict::Ask)
}

/// Is the context of `next` larger than the one that was too small? An unknown one may be.
fn larger(plan: &Plan, at: usize, next: usize) -> bool {
    let context = |place: usize| plan.candidates[place].endpoint.context_length();
    match (context(at), context(next)) {
        (Some(small), Some(other)) => other > small,
        _ => plan.candidates[at].model.id() != plan.candidates[next].model.id(),
    }
}

/// What is said when all have failed: what the attempts have in common, else the last error.
/// `seen` are the kinds of all errors with the shortest time after which one may come back.
pub(super) fn conclude(last: Error, seen: &Seen) -> Error {
    if seen.kinds.len() < 2 {
        return last;
    }
    let (kind, message) = if seen.all(|kind| kind == Kind::RateLimited) {
        (
            Kind::RateLimited,
            "every provider is rate-limiting this model",
        )
    } else if last.kind().is_transient() && seen.all(Kind::is_transient) {
        (
            Kind::Overloaded,
            "every provider of this model failed; try again",
        )
    } else {
        return last.with_retry_after(seen.retry_after);
    };
    let upstream = last.upstream().cloned();
    let error = Error::new(kind, message).with_retry_after(seen.retry_after);
    let error = match upstream {
        // The status that the last one chose is not what all have in common.
        Some(upstream) => error.with_upstream(crate::error::Upstream {
            status: None,
            ..upstream
        }),
        None => error,
    };
    error.with_source(last)
}

/// The errors of a request so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    kinds: Vec<Kind>,
    retry_after: Option<Duration>,
    /// The place of the last candidate whose context was too small: what comes after it, whoever
    /// failed in between, has to be larger.
    too_small: Option<usize>,
}

// === impl Seen ===

impl Seen {
    pub(super) fn note(&mut self, error: &Error, at: usize) {
        if error.kind().rule().next == Next::LargerContext {
            self.too_small = Some(at);
        }
        self.kinds.push(error.kind());
        self.retry_after = match (self.retry_after, error.retry_after()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    fn all(&self, is: impl Fn(Kind) -> bool) -> bool {
        self.kinds.iter().all(|kind| is(*kind))
    }
}
