//! Is a second one asked, when, and who?

use std::time::{Duration, Instant};

use crate::call::Call;
use crate::disposition::Next;
use crate::error::Error;

/// How long is an endpoint waited for before a second one is asked? `usual` is what nineteen in twenty of its answers took
/// at the most, where that is known.
///
/// ```
/// use std::time::Duration;
/// use switchtower::dispatch::hedge::wait;
///
/// let [floor, cap] = [250, 10_000].map(Duration::from_millis);
/// let after = |usual: Option<u64>| wait(usual.map(Duration::from_millis), floor, cap).as_millis();
/// assert_eq!([after(Some(40)), after(Some(900)), after(Some(30_000))], [250, 900, 10_000]);
/// assert_eq!(after(None), 10_000);
/// ```
#[must_use]
pub fn wait(usual: Option<Duration>, floor: Duration, cap: Duration) -> Duration {
    usual.unwrap_or(cap).max(floor).min(cap)
}

/// Is this candidate's turn to be hedged? The request's own word first, then the operator's.
pub(super) fn is_wanted(call: &Call, all: bool) -> bool {
    let by_operator = || all || call.candidate().is_some_and(|at| at.model.is_hedged());
    call.wishes().hedge.unwrap_or_else(by_operator) && call.is_stream() && call.others() > 0
}

/// The place of the next candidate that serves the same model and is not left alone; none without a try.
pub(super) fn second(call: &Call, now: Instant) -> Option<usize> {
    let (plan, first) = (call.plan()?, call.candidate()?);
    if call.tries() == 0 || call.until().is_some_and(|until| until <= now) {
        return None;
    }
    (call.at() + 1..plan.candidates.len()).find(|&place| {
        let other = &plan.candidates[place];
        other.model.id() == first.model.id()
            && other.standing.circuit().is_admitting()
            && other.standing.may_be_asked(call.need(), now)
    })
}

/// What is said when both have failed: the first one's error, unless only the second one's holds for all candidates.
pub(super) fn of_both(first: Error, second: Option<Error>) -> Error {
    let stops = |error: &Error| error.kind().disposition().next == Next::Stop;
    match second {
        Some(second) if stops(&second) && !stops(&first) => second,
        _ => first,
    }
}
