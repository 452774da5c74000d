//! What a request has taken of its quota.

use crate::call::Call;
use crate::clock;
use crate::limits::{Nearest, Now, Scope, Taken, Unit};
use crate::usage::BYTES_PER_TOKEN;

/// What a request has taken; settled when it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    taken: Taken,
    call: Call,
    /// The models that might have answered.
    models: Vec<String>,
}

// === impl Hold ===

impl Hold {
    pub(super) fn new(taken: Taken, call: Call, models: Vec<String>) -> Self {
        Self {
            taken,
            call,
            models,
        }
    }

    pub(super) fn nearest(&self) -> Nearest {
        Nearest::of(&self.taken)
    }

    /// It has failed. If it was refused before anybody was asked, it does not count.
    pub(super) fn failed(mut self) {
        if self.call.last().is_none() {
            self.taken = Taken::default();
        }
    }

    /// The model that answered, if it is one of those that were counted.
    fn model(&self) -> Option<String> {
        let answer = self.call.answer()?;
        let model = answer.candidate()?.endpoint.model();
        self.models.iter().find(|it| *it == model).cloned()
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
        if let Some(answered) = self.model() {
            self.taken.only(Scope::Model, &answered);
        }
        self.taken.settle(Unit::Requests, 1, now);
        self.taken.settle(Unit::Tokens, tokens, now);
    }
}
