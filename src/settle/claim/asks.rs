//! What a request asks for, as far as it costs.

use crate::payload::Payload;
use crate::wire::{Field, Modalities, Modality, tools};

/// What does a request ask for, as far as it costs?
///
/// See the example in the [module docs](super).
#[derive(Clone, Copy, Debug)]
pub struct Asks {
    /// Bytes that a provider may read as text, the data of other parts included.
    pub(super) body: u64,
    /// Bytes of text alone.
    pub(super) text: u64,
    pub(super) messages: u64,
    pub(super) tools: bool,
    /// Of each form, how many and how many bytes.
    pub(super) parts: [(Modality, u64, u64); 4],
    pub(super) strange: bool,
    pub(super) searches: bool,
    /// How often, as far as it says.
    pub(super) max_searches: u64,
    /// Is there a tool that the provider runs itself, and that is no search?
    pub(super) own_tools: bool,
    pub(super) max_output: Option<u64>,
    pub(super) answers: u64,
    pub(super) predicted: u64,
    pub(super) expected_output: u64,
    /// The forms of the answer; none if it does not say.
    pub(super) output: Modalities,
}

/// What no model reads: who is to be asked, and how.
const UNREAD: [Field; 9] = [
    Field::Model,
    Field::Models,
    Field::Provider,
    Field::User,
    Field::SessionId,
    Field::PromptCacheKey,
    Field::Trace,
    Field::Debug,
    Field::LogitBias,
];

// === impl Asks ===

impl Asks {
    /// What this one asks for.
    #[must_use]
    pub fn of(payload: &Payload) -> Self {
        let (view, body) = (payload.view(), payload.bytes());
        let len = |field| view.value(field).map_or(0, |value| value.len() as u64);
        let unread: u64 = UNREAD.into_iter().map(len).sum();
        let part = |modality, more: u32| {
            let count = u64::from(view.media(modality)) + u64::from(more);
            (modality, count, view.media_bytes(modality))
        };
        // What is only read writes nothing.
        // Who says `input` as well to be answered would claim nothing for the answer.
        let asks = view.has(Field::Messages) || view.has(Field::Prompt);
        let embeds = view.has(Field::Input) && !asks;
        let answers = view.best_of(body).max(Some(view.choices().into()));
        let answers = answers.unwrap_or(1).saturating_mul(view.prompts(body));
        let options = view.value(Field::WebSearchOptions);
        let tools = view.value(Field::Tools).filter(|_| view.has_tools());
        let own = tools.map_or_else(tools::Own::default, |it| tools::own(it.of(body)));
        Self {
            body: (body.len() as u64).saturating_sub(unread),
            text: view.text_bytes(),
            messages: view.message_count().into(),
            tools: view.has_tools(),
            parts: [
                part(Modality::Image, view.shown()),
                part(Modality::File, 0),
                part(Modality::Audio, 0),
                part(Modality::Video, 0),
            ],
            strange: view.strange_part().is_some(),
            // It is asked for by an empty object as well.
            searches: view.may_search(body)
                || options.is_some_and(|options| options.of(body) != b"null"),
            max_searches: own.searches,
            own_tools: own.others,
            max_output: if embeds {
                Some(0)
            } else {
                view.longest_output()
            },
            answers,
            predicted: len(Field::Prediction),
            expected_output: if embeds { 0 } else { payload.expected_output() },
            output: view.output(),
        }
    }

    /// The longest answer that is asked for.
    pub(in crate::settle) fn max_output(&self) -> Option<u64> {
        self.max_output
    }

    /// How many answers are asked for, to all prompts together.
    pub(in crate::settle) fn answers(&self) -> u32 {
        u32::try_from(self.answers).unwrap_or(u32::MAX)
    }

    /// The images of the prompt, those of former answers included.
    pub(in crate::settle) fn images(&self) -> u64 {
        self.parts[0].1
    }

    /// The bytes of the prompt, if it is text alone: then its tokens tell how many bytes one has.
    pub(in crate::settle) fn text_alone(&self) -> Option<u64> {
        let plain = !self.strange && self.parts.iter().all(|(_, count, _)| *count == 0);
        (plain && !self.searches).then_some(self.text)
    }
}
