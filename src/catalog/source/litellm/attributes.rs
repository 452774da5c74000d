//! What a row says of a model, prices apart.

use std::num::NonZeroU64;

use crate::catalog::source::value::Value;
use crate::catalog::{EndpointSpec, ModelSpec};
use crate::wire::{Field, Fields, Modalities, Modality};

/// What `mode` and `supports_*` say about forms and parameters.
#[derive(Debug)]
pub(super) struct Attributes {
    input: Modalities,
    output: Modalities,
    /// Those that it is said not to support.
    missing: Fields,
    context: Option<NonZeroU64>,
    completion: Option<NonZeroU64>,
    caches: Option<bool>,
    expires: Option<Box<str>>,
}

/// Parameters that go with a claim.
const CLAIMS: [(&str, &[Field]); 6] = [
    (
        "supports_function_calling",
        &[Field::Tools, Field::ToolChoice, Field::ParallelToolCalls],
    ),
    ("supports_tool_choice", &[Field::ToolChoice]),
    (
        "supports_parallel_function_calling",
        &[Field::ParallelToolCalls],
    ),
    ("supports_response_schema", &[Field::StructuredOutputs]),
    (
        "supports_reasoning",
        &[
            Field::Reasoning,
            Field::ReasoningEffort,
            Field::IncludeReasoning,
        ],
    ),
    (
        "supports_sampling_params",
        &[Field::Temperature, Field::TopP, Field::TopK],
    ),
];

const INPUTS: [(&str, Modality); 5] = [
    ("supports_vision", Modality::Image),
    ("supports_image_input", Modality::Image),
    ("supports_pdf_input", Modality::File),
    ("supports_audio_input", Modality::Audio),
    ("supports_video_input", Modality::Video),
];

impl Attributes {
    /// What a row of that mode says; none if nobody can ask for it here.
    pub(super) fn of(mode: &str, row: Value<'_>) -> Option<Self> {
        let output = match mode {
            "chat" | "completion" => Modalities::TEXT,
            "embedding" => Modalities::NONE.with(Modality::Embeddings),
            _ => return None,
        };
        let mut found = Attributes {
            input: Modalities::TEXT,
            output,
            missing: Fields::NONE,
            context: None,
            completion: None,
            caches: None,
            expires: None,
        };
        for (name, value) in row.members() {
            found.read(&name, value);
        }
        Some(found)
    }

    fn read(&mut self, name: &str, value: Value<'_>) {
        let tokens = || value.integer().and_then(NonZeroU64::new);
        match name {
            "max_input_tokens" => self.context = tokens(),
            "max_output_tokens" => self.completion = tokens(),
            "deprecation_date" => self.expires = value.text().map(Into::into),
            "supports_prompt_caching" => self.caches = value.bool(),
            "supported_modalities" => self.input = add(self.input, value),
            "supported_output_modalities" => self.output = add(self.output, value),
            "supports_audio_output" if value.bool() == Some(true) => {
                self.output = self.output.with(Modality::Audio);
            }
            // What is not said is not held against it.
            name => match value.bool() {
                Some(false) => {
                    let claims = CLAIMS.iter().filter(|(claim, _)| *claim == name);
                    for field in claims.flat_map(|(_, fields)| fields.iter()) {
                        self.missing = self.missing.with(*field);
                    }
                }
                Some(true) => {
                    for (_, form) in INPUTS.iter().filter(|(claim, _)| *claim == name) {
                        self.input = self.input.with(*form);
                    }
                }
                None => {}
            },
        }
    }

    /// `max_input_tokens` stands for the context: who lists a window lists it there, and who counts the completion
    /// apart is asked for less than it could take.
    pub(super) fn model(&self, id: &str) -> ModelSpec {
        let mut model = ModelSpec::new(id)
            .with_input(self.input)
            .with_output(self.output);
        model.context_length = self.context;
        model.expires.clone_from(&self.expires);
        model
    }

    pub(super) fn endpoint(&self, slug: &str, upstream: &str) -> EndpointSpec {
        let mut endpoint = EndpointSpec::new(slug, upstream);
        endpoint.max_completion_tokens = self.completion;
        // Claude caches what a request marks, whoever serves it.
        endpoint.implicit_caching = self
            .caches
            .map(|caches| caches && !upstream.contains("claude"));
        if !self.missing.is_empty() {
            endpoint.parameters = Some(Fields::PARAMETERS.without(self.missing));
        }
        endpoint
    }
}

fn add(forms: Modalities, names: Value<'_>) -> Modalities {
    let named = names.items().into_iter().filter_map(Value::text);
    named
        .filter_map(|name| Modality::named(&name))
        .fold(forms, Modalities::with)
}
