//! Who is asked next, and what is said when nobody is left?

use std::time::{Duration, Instant};

use crate::attempt::End;
use crate::call::Call;
use crate::clock::later;
use crate::disposition::Next;
use crate::dispositions::Dispositions;
use crate::error::Error;
use crate::kind::Kind;
use crate::plan::Plan;
use crate::standing::Cause;

/// The longest time over which those are spread who wait for the same.
const SPREAD: Duration = Duration::from_secs(5);

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
pub(super) fn next(may: Next, seen: &Seen, call: &Call, at: usize, now: Instant) -> Verdict {
    let stops = may == Next::Stop || seen.stopped;
    let Some(plan) = call.plan().filter(|_| !stops) else {
        return Verdict::Final;
    };
    // After a wait all have been asked, or were refused.
    if is_over(call, now) || seen.waits_until.is_some() {
        return Verdict::NobodyLeft;
    }
    let mends = call.recovery().times() > 0;
    // Whoever was asked as a hedge has had its turn.
    let may = |next: &usize| {
        let other = mends && is_another(plan, at, *next);
        seen.fits(plan, *next) && !seen.has_heard(*next) && !other
    };
    let found = (at + 1..plan.candidates.len()).find(may);
    found.map_or(Verdict::NobodyLeft, Verdict::Ask)
}

/// Of those whom `gate` has refused, whoever may be asked first, and when; `longest` is how long a request waits in all.
pub(super) fn wait(
    seen: &mut Seen,
    call: &Call,
    longest: Duration,
    random: &mut fastrand::Rng,
    now: Instant,
) -> Option<(usize, Instant)> {
    let plan = call.plan()?;
    let refused = seen
        .heard
        .iter()
        .filter(|heard| matches!(heard.kind, Kind::Ejected(_)) && seen.fits(plan, heard.place));
    let (at, place) = refused
        .filter_map(|heard| Some((heard.again_at?.max(now), heard.place)))
        .min()?;
    let until = *seen.waits_until.get_or_insert(later(now, longest));
    let in_time = |at: Instant| at <= until && call.until().is_none_or(|until| at < until);
    let later = spread(at, now, random);
    let at = if in_time(later) { later } else { at };
    (in_time(at) && !is_over(call, now)).then_some((place, at))
}

/// All who wait for the same moment would be there in the same millisecond: they come within a quarter of the time for
/// which they have waited, at most five seconds, so that they are about four times as many as come anyway.
fn spread(at: Instant, now: Instant, random: &mut fastrand::Rng) -> Instant {
    let most = (at.saturating_duration_since(now) / 4).min(SPREAD);
    let micros = u64::try_from(most.as_micros()).unwrap_or(0);
    later(at, Duration::from_micros(random.u64(..=micros)))
}

/// Is it another model than the one whose answer the caller has begun to read?
fn is_another(plan: &Plan, at: usize, next: usize) -> bool {
    let model = |place: usize| plan.candidates[place].model.id();
    model(at) != model(next)
}

/// Is nobody to be asked any more, whoever it is?
fn is_over(call: &Call, now: Instant) -> bool {
    call.tries() == 0 || call.until().is_some_and(|until| until <= now)
}

/// Is the context of `next` larger than the one that was too small? An unknown one may be.
fn larger(plan: &Plan, at: usize, next: usize) -> bool {
    let context = |place: usize| plan.candidates[place].endpoint.context_length();
    match (context(at), context(next)) {
        (Some(small), Some(other)) => other > small,
        _ => plan.candidates[at].model.id() != plan.candidates[next].model.id(),
    }
}

/// What is said when all have failed: what the attempts have in common, else the last error; and when it helps to ask
/// again, if somebody may pass whatever has failed.
pub(super) fn conclude(last: Error, seen: &Seen, call: &Call, now: Instant) -> Error {
    let back_at = seen.back_at(call, now);
    let after = |at: Instant| at.saturating_duration_since(now);
    let retry_after = back_at.or(seen.soonest()).map(after);
    let error = match seen.heard.len() {
        0 | 1 => last,
        _ => in_common(last, seen),
    };
    error
        .with_retry_after(retry_after)
        .with_waiting_helps(back_at.is_some())
}

fn in_common(last: Error, seen: &Seen) -> Error {
    let is_limit = |kind| matches!(kind, Kind::RateLimited | Kind::Ejected(Cause::Limited));
    let (kind, message) = if seen.all(is_limit) {
        (
            Kind::RateLimited,
            "every provider is rate-limiting this model",
        )
    } else if seen.all(|kind| matches!(kind, Kind::Ejected(_))) {
        let soonest = seen.heard.iter().min_by_key(|heard| heard.again_at);
        (
            soonest.map_or(last.kind(), |soonest| soonest.kind),
            "no provider of this model may be asked just now",
        )
    } else if last.kind().is_transient() && seen.all(Kind::is_transient) {
        (
            Kind::Overloaded,
            "every provider of this model failed; try again",
        )
    } else {
        return last;
    };
    let error = Error::new(kind, message);
    let error = match last.upstream().cloned() {
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
    heard: Vec<Heard>,
    /// The place of the last candidate whose context was too small: what comes after it, whoever
    /// failed in between, has to be larger.
    too_small: Option<usize>,
    /// The places of candidates whose models are not asked any more.
    closed: Vec<usize>,
    /// Has a hedge found out that every candidate would say the same?
    stopped: bool,
    /// How long it waits for those that were refused, once it does.
    waits_until: Option<Instant>,
}

/// The last error of one candidate.
#[derive(Debug)]
struct Heard {
    place: usize,
    kind: Kind,
    /// When it may come back.
    again_at: Option<Instant>,
}

// === impl Seen ===

impl Seen {
    /// This failure came from that place, after which `may` be asked.
    pub(super) fn note(
        &mut self,
        kind: Kind,
        retry_after: Option<Duration>,
        may: Next,
        place: usize,
        now: Instant,
    ) {
        match may {
            Next::LargerContext => self.too_small = Some(place),
            Next::Model => self.closed.push(place),
            Next::Stop | Next::Any => {}
        }
        self.heard.retain(|heard| heard.place != place);
        self.heard.push(Heard {
            place,
            kind,
            again_at: retry_after.map(|after| later(now, after)),
        });
    }

    /// What those have come to that `hedge` has asked besides the one whose turn it is: they stand after it.
    pub(super) fn note_hedge(&mut self, call: &Call, dispositions: &Dispositions, now: Instant) {
        let Some(plan) = call.plan() else { return };
        for attempt in call.attempts() {
            let Some((End::Failed(kind), _)) = attempt.ended() else {
                continue;
            };
            let place = plan.candidates.iter().position(|it| attempt.is_at(it));
            if let Some(place) = place.filter(|&place| place > call.at()) {
                let may = dispositions.at(kind, attempt.candidate()).next;
                self.stopped |= may == Next::Stop;
                self.note(kind, attempt.found().retry_after, may, place, now);
            }
        }
    }

    fn has_heard(&self, place: usize) -> bool {
        self.heard.iter().any(|heard| heard.place == place)
    }

    fn fits(&self, plan: &Plan, place: usize) -> bool {
        let model = |place: usize| plan.candidates[place].model.id();
        let is_closed = self.closed.iter().any(|at| model(*at) == model(place));
        let small = self.too_small;
        !is_closed && small.is_none_or(|small| larger(plan, small, place))
    }

    /// When may the first of those be asked again whose failure passes with time? Not before it says itself, nor before it
    /// is let through again; none where neither is known.
    fn back_at(&self, call: &Call, now: Instant) -> Option<Instant> {
        let passing = self.heard.iter().filter(|heard| heard.kind.is_transient());
        let back = passing.filter_map(|heard| {
            let candidate = call.plan()?.candidates.get(heard.place);
            let reopens = candidate.and_then(|it| it.standing.circuit().until(now));
            heard.again_at.into_iter().chain(reopens).max()
        });
        back.min()
    }

    /// The first time at which one says that it may be asked again, whatever its failure.
    fn soonest(&self) -> Option<Instant> {
        self.heard.iter().filter_map(|heard| heard.again_at).min()
    }

    fn all(&self, is: impl Fn(Kind) -> bool) -> bool {
        self.heard.iter().all(|heard| is(heard.kind))
    }
}
