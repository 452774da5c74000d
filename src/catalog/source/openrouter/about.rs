//! What OpenRouter says of a model, prices apart.

use crate::catalog::ModelSpec;
use crate::catalog::source::value::{Value, tokens};
use crate::wire::{Field, Fields, Modalities, Modality};

/// Longer texts are cut: people read them in a list.
const MAX_TEXT: usize = 4096;

pub(super) fn model(id: &str, row: Value<'_>) -> ModelSpec {
    let text = |key| row.get(key).and_then(Value::text);
    let mut model = ModelSpec::new(id);
    if let Some(name) = text("name") {
        model = model.with_name(cut(&name));
    }
    if let Some(slug) = text("canonical_slug") {
        model = model.with_canonical_slug(cut(&slug));
    }
    if let Some(description) = text("description").filter(|text| !text.is_empty()) {
        model = model.with_description(cut(&description));
    }
    if let Some(created) = row.get("created").and_then(Value::integer) {
        model = model.with_created(created);
    }
    if let Some(id) = text("hugging_face_id").filter(|id| !id.is_empty()) {
        model = model.with_hugging_face_id(cut(&id));
    }
    if let Some(date) = text("expiration_date") {
        model = model.with_expiration_date(cut(&date));
    }
    model.context_length = tokens(row, "context_length");
    if let Some(architecture) = row.get("architecture") {
        model.input = forms(architecture.get("input_modalities"));
        model.output = forms(architecture.get("output_modalities"));
    }
    let moderated = row
        .get("top_provider")
        .and_then(|top| top.get("is_moderated"));
    model.moderated = moderated.and_then(Value::bool);
    model
}

/// `supported_parameters`; what is not known here is supported by whoever passes it on.
pub(super) fn parameters(row: Value<'_>) -> Option<Fields> {
    let names = row
        .get("supported_parameters")
        .filter(|names| names.is_array())?;
    let named = names.items().into_iter().filter_map(Value::text);
    let fields: Fields = named
        .filter_map(|name| Field::named(name.as_bytes()))
        .collect();
    Some(fields.within(Fields::PARAMETERS))
}

fn forms(names: Option<Value<'_>>) -> Option<Modalities> {
    let named = names?.items().into_iter().filter_map(Value::text);
    let forms: Modalities = named.filter_map(|name| Modality::named(&name)).collect();
    (!forms.is_empty()).then_some(forms)
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}
