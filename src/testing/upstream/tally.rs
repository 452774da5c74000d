use super::{Tokens, asked::Asked};
use crate::testing::script::Answer;

/// What an answer has served so far. The prompt, and what was thought in silence, come with the
/// first token: an answer that never begins has no tokens at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    first: Option<Tokens>,
    served: Tokens,
}

// === impl Tally ===

impl Tally {
    pub(super) fn new(answer: &Answer, asked: &Asked) -> Self {
        let prompt = answer.prompt_tokens.unwrap_or(asked.prompt_tokens);
        let first = Tokens {
            prompt,
            cached: answer.cached_tokens.min(prompt),
            completion: answer.hidden_reasoning,
            reasoning: answer.hidden_reasoning,
        };
        Self {
            first: Some(first),
            served: Tokens::default(),
        }
    }

    /// One more token. What it adds.
    pub(super) fn token(&mut self, reasoning: bool) -> Tokens {
        let token = Tokens {
            completion: 1,
            reasoning: reasoning.into(),
            ..Tokens::default()
        };
        let mut more = self.prompt();
        more += token;
        self.served += token;
        more
    }

    /// What the prompt adds, if it has not been counted.
    pub(super) fn prompt(&mut self) -> Tokens {
        let first = self.first.take().unwrap_or_default();
        self.served += first;
        first
    }

    pub(super) fn served(&self) -> Tokens {
        self.served
    }
}
