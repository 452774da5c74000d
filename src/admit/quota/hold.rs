//! What a request has taken of its quota.

use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::clock;
use crate::disposition::Fault;
use crate::error::Error;
use crate::kind::Kind;
use crate::limits::{Nearest, Now, Subject, Taken, Unit};
use crate::short::Short;
use crate::usage::BYTES_PER_TOKEN;

/// What a request has taken; settled when it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    taken: Taken,
    call: Call,
    /// The model that the caller named, and its end user.
    model: Option<Short>,
    user: Option<Short>,
    /// The models that might have answered.
    models: Vec<String>,
}

/// Then not even the prompt was moved.
const NOBODY_HEARD: End = End::Failed(Kind::Connect);

// === impl Hold ===

impl Hold {
    pub(super) fn new(
        taken: Taken,
        call: Call,
        (model, user): (Option<Short>, Option<Short>),
        models: Vec<String>,
    ) -> Self {
        Self {
            taken,
            call,
            model,
            user,
            models,
        }
    }

    pub(super) fn nearest(&self) -> Nearest {
        Nearest::of(&self.taken)
    }

    /// It has failed. If it was refused before anybody was asked, it does not count.
    pub(super) fn failed(mut self, error: &Error) {
        let kind = error.kind();
        // Alone, with nobody inside to begin an attempt, what broke at the other end says that somebody was asked.
        let refused = (self.call.falls_back() && self.call.plan().is_some())
            || kind.rule().fault == Fault::Caller
            || matches!(kind, Kind::Ejected(_) | Kind::LedgerAway);
        if refused && self.call.last().is_none() {
            self.taken = Taken::default();
        }
    }

    /// Only the model that answers counts, if it is one of those that were counted.
    pub(super) fn answered(&mut self) {
        let answer = self.call.answer();
        let candidate = answer.as_ref().and_then(Attempt::candidate);
        let model = candidate.map(|candidate| candidate.endpoint.model());
        let model = model.filter(|model| self.models.iter().any(|it| it == model));
        if model.is_some() {
            self.taken.only(&Subject {
                caller: self.call.caller().map(|caller| &**caller),
                model: self.model.as_deref(),
                models: model.as_slice(),
                providers: &[],
                user: self.user.as_deref(),
                tag: self.call.wishes().tag.as_deref(),
            });
        }
    }

    /// The tokens that were moved, by the best evidence.
    fn tokens(&self) -> u64 {
        let Some(attempt) = self.call.answer() else {
            return 0;
        };
        let found = attempt.found();
        match found.usage {
            Some(usage) => {
                let (read, written) = (usage.prompt_tokens(), usage.completion_tokens());
                read.saturating_add(written)
            }
            None if found.status.is_some_and(|status| status >= 400) => 0,
            None if attempt.ended().is_some_and(|(end, _)| end == NOBODY_HEARD) => 0,
            None => {
                let delivered = attempt.content_bytes().div_ceil(BYTES_PER_TOKEN);
                self.call.need().input.saturating_add(delivered)
            }
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.taken.is_empty() {
            return;
        }
        let now = Now {
            instant: clock::now(),
            wall: clock::wall(),
        };
        let tokens = self.tokens();
        self.answered();
        self.taken.settle(Unit::Requests, 1, now);
        self.taken.settle(Unit::Tokens, tokens, now);
    }
}
