//! Which answers can be mended?

use crate::wire::{Field, Fields, Modalities, Operation, View};

/// Parameters by which an answer is more than its text, or by which two halves do not make a whole.
const MORE_THAN_TEXT: Fields = Fields::of(&[
    Field::Tools,
    Field::ResponseFormat,
    Field::StructuredOutputs,
    Field::Logprobs,
    Field::TopLogprobs,
    Field::WebSearchOptions,
]);

const THOUGHT: Fields = Fields::of(&[
    Field::Reasoning,
    Field::ReasoningEffort,
    Field::IncludeReasoning,
]);

/// May the answer to this request be mended: is it one stream of text?
pub(super) fn is_text(view: &View, operation: Operation) -> bool {
    operation == Operation::Chat
        && view.stream()
        && view.choices() == 1
        && Modalities::TEXT.covers(view.output())
        && view.parameters().within(MORE_THAN_TEXT).is_empty()
}

/// May another model go on with its text? Not where it is to think first: what was thought is not in the text.
pub(super) fn goes_on(view: &View) -> bool {
    view.parameters().within(THOUGHT).is_empty()
}
