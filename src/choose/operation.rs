//! Does a model answer what is asked of it at all?

use crate::catalog::Model;
use crate::wire::{Field, Modality, Operation, View};

/// What the model answers, if it is not this: a model that writes vectors does not chat, and the others write none. One
/// of which the catalogue does not say what it writes is given the benefit of the doubt.
pub(super) fn right(view: &View, model: &Model) -> Option<Operation> {
    let writes = model.output()?;
    let embeds = writes.contains(Modality::Embeddings);
    let says = writes.iter().any(|form| form != Modality::Embeddings);
    // One that belongs to another operation is no more than a field that nobody looks at.
    let chats = view.has(Field::Messages) || view.has(Field::Prompt);
    match view.has(Field::Input) && !chats {
        true => (!embeds).then_some(Operation::Chat),
        false => (!says).then_some(Operation::Embedding),
    }
}
