//! Who is asked for the rest of an answer?

use crate::attempt::Attempt;
use crate::plan::{Candidate, Plan};

/// The places of a plan whose endpoints may be asked for the rest of the answer that `broken` has begun, best first:
/// those not asked before, of which one that can go on with a text comes before one that has to begin anew; then
/// those asked before; and the same one last. All of the same model, since the caller has been told which one answers.
pub(super) fn places(
    plan: &Plan,
    attempts: &[Attempt],
    broken: &Candidate,
    goes_on: bool,
) -> Vec<usize> {
    let asked = |candidate: &Candidate| {
        let key = candidate.endpoint.key();
        let of = |attempt: &Attempt| {
            attempt
                .candidate()
                .is_some_and(|it| it.endpoint.key() == key)
        };
        attempts.iter().any(of)
    };
    let mut places: Vec<_> = plan
        .candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.model.id() == broken.model.id())
        .map(|(place, candidate)| {
            let same = candidate.endpoint.key() == broken.endpoint.key();
            let anew = !goes_on || candidate.endpoint.prefill().is_none();
            (same, asked(candidate), anew, place)
        })
        .collect();
    places.sort_unstable();
    places.into_iter().map(|(.., place)| place).collect()
}
