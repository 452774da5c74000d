//! What a settled request teaches of the model's tokens.

use crate::attempt::Attempt;
use crate::settle::cost::Certainty;
use crate::settle::record::{AttemptRecord, Record};

/// Teaches each model that was asked how many bytes of this text one of its tokens has had.
pub(in crate::settle) fn learn(attempts: &[Attempt], record: &Record, text: Option<u64>) {
    let Some(text) = text else {
        return;
    };
    for (attempt, told) in attempts.iter().zip(&record.attempts) {
        let candidate = attempt.candidate();
        if let (Some(candidate), Some(tokens)) = (candidate, tokens(told)) {
            candidate.standing.density().learn(text, tokens);
        }
    }
}

/// The tokens of the prompt, if the provider has counted them, and has read nothing but that.
fn tokens(told: &AttemptRecord) -> Option<u64> {
    let exact = told.cost.certainty == Certainty::Exact && told.status.is_some();
    let alone = told.goes_on_from == 0 && told.usage.web_searches == 0;
    let tokens = told.usage.prompt_tokens();
    (exact && alone && tokens > 0).then_some(tokens)
}
