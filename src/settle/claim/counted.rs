//! How many tokens has the text of a prompt?

use std::cell::Cell;

use super::asks::Asks;
use crate::catalog::Model;
use crate::count_tokens::CountTokens;
use crate::payload::Payload;
use crate::plan::Candidate;

/// Counts the text of a prompt, once for each run of candidates of one model.
#[derive(Debug)]
pub(in crate::settle) struct Counted<'a> {
    counter: Option<&'a dyn CountTokens>,
    payload: &'a Payload,
    last: Cell<Option<(*const Model, u64)>>,
}

// === impl Counted ===

impl<'a> Counted<'a> {
    pub(in crate::settle) fn new(
        counter: Option<&'a dyn CountTokens>,
        payload: &'a Payload,
    ) -> Self {
        Self {
            counter,
            payload,
            last: Cell::new(None),
        }
    }

    /// By the counter, if there is one and it knows the model; else by what was learned of it.
    pub(super) fn tokens(&self, candidate: &Candidate, asks: &Asks) -> u64 {
        let learned = || candidate.standing.density().tokens(asks.text);
        let Some(counter) = self.counter else {
            return learned();
        };
        let model: *const Model = &*candidate.model;
        if let Some((_, tokens)) = self.last.get().filter(|(last, _)| *last == model) {
            return tokens;
        }
        let counted = counter.count(candidate.endpoint.model(), self.payload);
        let tokens = counted.unwrap_or_else(learned);
        self.last.set(Some((model, tokens)));
        tokens
    }
}
