//! What does the request need of whoever answers it?

use memchr::memmem;

use crate::payload::Payload;
use crate::standing::Density;
use crate::usage::BYTES_PER_TOKEN;
use crate::wire::{Field, Fields, Modalities, Tier};

/// The bytes of JSON that a token of a prompt takes at most: hardly any text in ASCII has more, so that what is too long by
/// this count does not fit for certain. What is let through by mistake its provider refuses, and then only a larger context
/// is asked.
const MOST_BYTES: u64 = 6;
/// So many times more in other scripts: a token has four letters, as in English, and each is spelled as `\u0436` is.
const SCRIPTS: u64 = 4;

/// What a request needs. One look at its view, before any endpoint is looked at.
#[derive(Clone, Copy, Debug)]
pub(in crate::choose) struct Needs {
    pub(in crate::choose) parameters: Fields,
    pub(in crate::choose) input: Modalities,
    pub(super) output: Modalities,
    pub(in crate::choose) tier: Option<Tier>,
    /// Bytes of text of the prompt.
    pub(in crate::choose) text: u64,
    /// Likely tokens of the prompt and of the answer.
    pub(in crate::choose) prompt: u64,
    pub(in crate::choose) answer: u64,
    /// At least so many has the prompt, if it is in ASCII.
    pub(super) least_prompt: u64,
    pub(super) max_output: Option<u64>,
}

// === impl Needs ===

impl Needs {
    pub(super) fn of(payload: &Payload) -> Self {
        let view = payload.view();
        let prompt = view.prompt_tokens();
        // Texts to embed are read one by one, as are several prompts; and who sends tokens has counted them.
        let several = view.has(Field::Input) || view.lists(Field::Prompt, payload.bytes());
        let least_prompt = match several {
            true => 0,
            false => prompt.saturating_mul(BYTES_PER_TOKEN) / MOST_BYTES,
        };
        Self {
            parameters: view.parameters(),
            input: view.input(),
            output: view.output(),
            tier: view.tier(),
            text: view.text_bytes(),
            prompt,
            answer: payload.expected_output(),
            least_prompt,
            max_output: view.max_output(),
        }
    }

    /// The same of a model whose tokens have so many bytes.
    pub(in crate::choose) fn of_model(&self, density: &Density) -> Self {
        Self {
            prompt: density.tokens(self.text),
            ..*self
        }
    }

    /// At least so many tokens has the prompt. Looks at all of it.
    pub(super) fn least_prompt_of(&self, payload: &Payload) -> u64 {
        let body = payload.bytes();
        match body.is_ascii() && memmem::find(body, br"\u").is_none() {
            true => self.least_prompt,
            false => self.least_prompt / SCRIPTS,
        }
    }
}
