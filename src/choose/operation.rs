//! Does a model answer what is asked of it at all?

use crate::catalog::Model;
use crate::wire::{Field, Modality, Operation, View};

/// What the model answers, if it is not this: a model that writes vectors does not chat, and the others write none. One
/// of which the catalogue does not say what it writes is given the benefit of the doubt.
pub(super) fn right(view: &View, model: &Model) -> Option<Operation> {
    let writes = model.output()?;
    let embeds = writes.contains(Modality::Embeddings);
    let says = writes.iter().any(|form| form != Modality::Embeddings);
    match view.has(Field::Input) {
        true => (!embeds).then_some(Operation::Chat),
        false => (!says).then_some(Operation::Embedding),
    }
}
