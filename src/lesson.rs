//! What does the end of an attempt teach of the endpoint?
//!
//! Two pupils listen: the figures of its standing, which follow OpenRouter's rules for uptime, and its circuit, which
//! says whether it is asked again. They differ about a refused key and a 403, so their rules stand side by side.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::attempt::{Attempt, End};
use crate::disposition::{Bench, Fault};
use crate::found::Found;
use crate::kind::Kind;
use crate::plan::{Candidate, Plan};
use crate::standing::{Breaker, Cause, Health, Outcome, State};
use crate::usage::Usage;
use crate::wire::BadCall;

/// What does a failed attempt teach of the endpoint? [`Kind::lesson`] says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lesson {
    /// Nothing: the caller caused it, or we did.
    Nothing,
    /// It was at its limit: tracked apart.
    Limited,
    /// It failed.
    Failed,
}

// === impl Kind ===

impl Kind {
    /// What it teaches of the endpoint that was asked.
    ///
    /// OpenRouter's rules for uptime: a bad key of ours, missing credit, a missing model and all that is the provider's
    /// fault count against it; a rate limit is tracked apart; what is wrong with the request does not count.
    pub fn lesson(self) -> Lesson {
        match (self, self.rule().fault) {
            (Kind::RateLimited, _) => Lesson::Limited,
            // Nobody was asked.
            (Kind::Ejected(_), _) => Lesson::Nothing,
            (_, Fault::Upstream | Fault::Network) => Lesson::Failed,
            (_, Fault::Caller | Fault::Us) => Lesson::Nothing,
        }
    }
}

/// What this end shows to the circuit, once the figures have learned of it.
pub(crate) fn outcome(attempt: &Attempt, end: End, now: Instant) -> Outcome {
    match end {
        End::Complete => Outcome::Succeeded,
        End::Failed(_) if attempt.is_excused() => Outcome::Nothing,
        // A 403 may be about what this request asks for, so that one alone bars nobody.
        End::Failed(Kind::UpstreamAuth) => match attempt.found().status {
            Some(403) => Outcome::Failed,
            _ => Outcome::Barred(Cause::Key),
        },
        End::Failed(Kind::QuotaExhausted) => Outcome::Barred(Cause::Quota),
        // This request is larger than what our account has for a minute; others may not be.
        End::Failed(Kind::RateLimited) if attempt.found().status == Some(413) => Outcome::Nothing,
        End::Failed(kind) => match (kind.rule().bench, kind.lesson()) {
            (Bench::Key, _) => Outcome::Barred(Cause::Key),
            (Bench::Nobody, _) => Outcome::Nothing,
            (Bench::Endpoint, Lesson::Limited) => Outcome::Limited,
            (Bench::Endpoint, _) if attempt.candidate().is_some_and(|it| is_failing(it, now)) => {
                Outcome::Failing
            }
            (Bench::Endpoint, _) => Outcome::Failed,
        },
        End::Superseded | End::Cancelled => Outcome::Nothing,
    }
}

/// May it be the key's fault, though it need not be? A 403 that bars nobody at once does when it comes again and again.
pub(crate) fn suspects_key(end: End) -> bool {
    end == End::Failed(Kind::UpstreamAuth)
}

/// What an answer has told by its end that something is learned from, looked at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    status: Option<u16>,
    usage: Option<Usage>,
    tool_calls: Option<Result<(), BadCall>>,
}

// === impl Told ===

impl Told {
    pub(crate) fn of(found: &Found) -> Self {
        Self {
            status: found.status,
            usage: found.usage,
            tool_calls: found.tool_calls,
        }
    }

    /// The tokens that the attempt has moved, where that is known: none of an answer that was refused.
    pub(crate) fn moved(&self, end: End) -> Option<u64> {
        let refused = self.status.is_some_and(|status| status >= 400);
        match self.usage {
            Some(usage) => Some(
                usage
                    .prompt_tokens()
                    .saturating_add(usage.completion_tokens()),
            ),
            None if refused || end == End::Failed(Kind::Connect) => Some(0),
            None => None,
        }
    }
}

/// Are others asked before it, for its failures of the last half hour?
fn is_failing(candidate: &Candidate, now: Instant) -> bool {
    candidate.model.endpoints().len() > 1 && candidate.standing.health(now) != Health::Normal
}

/// Did the first token take several times as long as it usually does at the peers of this candidate?
///
/// Its peers are the other endpoints of the same model that may be asked now, and of which enough is known; of what is usual at
/// each the middle counts, the slower one of two.
pub(crate) fn is_slow(
    took: Duration,
    candidate: &Candidate,
    plan: &Plan,
    breaker: &Breaker,
    now: Instant,
) -> bool {
    let is_peer = |other: &&Candidate| {
        other.model.id() == candidate.model.id()
            && other.endpoint.key() != candidate.endpoint.key()
            && other.standing.circuit().state(now) == State::Admitting
    };
    let peers = plan.candidates.iter().filter(is_peer);
    let mut usual: Vec<_> = peers
        .filter_map(|peer| peer.standing.usually_after(now))
        .collect();
    usual.sort_unstable();
    let usual = usual.get(usual.len() / 2);
    usual.is_some_and(|usual| breaker.is_slow(took, *usual))
}

/// What it shows is what it is counted for: but a request has one vote of failure on an endpoint. What its retries come to is
/// the same incident a tenth of a second later, and two requests alone would have the only endpoint left alone. A probe
/// finds out all the same, and who asks to be left alone is.
pub(crate) fn vote(attempt: &Attempt, outcome: Outcome, is_probe: bool) -> Outcome {
    let repeats = attempt.is_repeated() && !is_probe;
    match outcome {
        Outcome::Failed | Outcome::Failing if repeats && attempt.found().retry_after.is_none() => {
            Outcome::Nothing
        }
        outcome => outcome,
    }
}

/// Has this attempt failed at that endpoint, in a way that counts against it?
pub(crate) fn is_failure_at(attempt: &Attempt, candidate: Option<&Candidate>) -> bool {
    // With another owner's key it is another matter.
    let standing = |candidate: Option<&Candidate>| candidate.map(|it| Arc::as_ptr(&it.standing));
    let failed = |end| matches!(end, End::Failed(kind) if kind.lesson() == Lesson::Failed);
    attempt.ended().is_some_and(|(end, _)| failed(end))
        && standing(attempt.candidate()) == standing(candidate)
}

/// Lets the figures learn. What a caller caused teaches nothing.
pub(crate) fn teach(attempt: &Attempt, end: End, told: &Told, now: Instant) {
    let Some(candidate) = attempt.candidate() else {
        return;
    };
    let lesson = match end {
        End::Complete => return teach_success(attempt, candidate, told, now),
        End::Failed(_) if attempt.is_excused() => Lesson::Nothing,
        // OpenRouter tracks a 403 apart: it is the place that is wrong, or what the key may do.
        End::Failed(Kind::UpstreamAuth) if told.status == Some(403) => Lesson::Limited,
        End::Failed(kind) => kind.lesson(),
        End::Superseded => {
            let waited = now.saturating_duration_since(attempt.started());
            if attempt.first_content_after().is_none() {
                candidate.standing.overtaken(now, waited);
            }
            Lesson::Nothing
        }
        End::Cancelled => Lesson::Nothing,
    };
    // What one key came to is nothing of the endpoint's, as long as another one may be used.
    let of_key = matches!(end, End::Failed(kind) if kind.is_about_the_key());
    if of_key && attempt.has_another_key(now) {
        return;
    }
    match lesson {
        Lesson::Failed => candidate.standing.failed(now),
        Lesson::Limited => candidate.standing.limited(now),
        Lesson::Nothing => {}
    }
}

fn teach_success(attempt: &Attempt, candidate: &Candidate, told: &Told, now: Instant) {
    let standing = &candidate.standing;
    let Told {
        usage, tool_calls, ..
    } = *told;
    let throughput = throughput(attempt, usage.as_ref(), now);
    standing.succeeded(now, attempt.first_content_after(), throughput);
    if let Some(verdict) = tool_calls {
        standing.called_tools(now, verdict.is_ok());
    }
    if let Some(conversation) = attempt.conversation() {
        let cached = usage.map_or(0, |usage| usage.cached_tokens());
        conversation.answered(&candidate.endpoint, cached, now);
    }
}

/// Output tokens a second, from asking to the end, in thousandths: a provider that queues is slow,
/// as OpenRouter counts it. None if it wrote too little to tell.
fn throughput(attempt: &Attempt, usage: Option<&Usage>, now: Instant) -> Option<u32> {
    let tokens = usage?.completion_tokens();
    let took = now.saturating_duration_since(attempt.started()).as_micros();
    let took = u64::try_from(took).unwrap_or(u64::MAX);
    let rate = tokens.saturating_mul(1_000_000_000) / took.max(1);
    (tokens > 0).then(|| u32::try_from(rate).unwrap_or(u32::MAX))
}
