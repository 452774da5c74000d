//! Who is asked for the rest of an answer?

use crate::attempt::Attempt;
use crate::disposition::Again;
use crate::dispositions::Dispositions;
use crate::end::End;
use crate::plan::{Candidate, Plan};

/// The places of a plan whose endpoints may be asked for the rest of the answer that `broken` has begun, best first:
/// those not asked before, of which one that can go on with a text comes before one that has to begin anew; then
/// those asked before that may be asked again; and the same one last. All of the same model, since the caller has been told
/// which one answers.
pub(super) fn places(
    plan: &Plan,
    attempts: &[Attempt],
    broken: &Candidate,
    goes_on: bool,
    dispositions: &Dispositions,
) -> Vec<usize> {
    let before = |candidate: &Candidate| {
        let key = candidate.endpoint.key();
        let of = |attempt: &&Attempt| {
            attempt
                .candidate()
                .is_some_and(|it| it.endpoint.key() == key)
        };
        attempts.iter().rev().find(of)
    };
    let mut places: Vec<_> = plan
        .candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.model.id() == broken.model.id())
        .filter_map(|(place, candidate)| {
            let before = before(candidate);
            let may = before.is_none_or(|attempt| again(attempt, dispositions));
            let same = candidate.endpoint.key() == broken.endpoint.key();
            let anew = !goes_on || candidate.endpoint.prefill().is_none();
            may.then_some((same, before.is_some(), anew, place))
        })
        .collect();
    places.sort_unstable();
    places.into_iter().map(|(.., place)| place).collect()
}

/// May the endpoint of this attempt be asked once more? Not one that has said something else, fell silent, or asks to be left
/// alone.
pub(super) fn again(attempt: &Attempt, dispositions: &Dispositions) -> bool {
    match attempt.ended() {
        Some((End::Failed(kind), _)) => {
            let rests = attempt.found().retry_after.is_some();
            !rests && dispositions.of(kind).again != Again::Never
        }
        // A hedge that was too late has said nothing. One that was over too early has, if not a word.
        Some((End::Superseded, _)) => !attempt.has_answered() && !attempt.is_done(),
        _ => false,
    }
}
