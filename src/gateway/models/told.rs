//! A model as OpenRouter tells it.

use std::borrow::Cow;

use serde::Serialize;

use super::filter::author;
use super::pricing::Pricing;
use super::summary::Summary;
use crate::catalog::Model;
use crate::wire::{Fields, Modalities, Modality};

/// Every key that OpenRouter's SDKs demand, and OpenAI's `object` and `owned_by`.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    id: &'a str,
    canonical_slug: &'a str,
    object: &'static str,
    owned_by: &'a str,
    name: Cow<'a, str>,
    created: u64,
    description: &'a str,
    context_length: Option<u64>,
    architecture: Architecture,
    pricing: Pricing<'a>,
    top_provider: TopProvider,
    per_request_limits: Option<()>,
    supported_parameters: Vec<&'static str>,
    default_parameters: Option<()>,
    supported_voices: Option<()>,
    knowledge_cutoff: Option<()>,
    expiration_date: Option<&'a str>,
    hugging_face_id: Option<&'a str>,
    links: Links,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_target: Option<AliasTarget<'a>>,
}

#[derive(Debug, Serialize)]
struct Architecture {
    input_modalities: Vec<&'static str>,
    output_modalities: Vec<&'static str>,
    modality: String,
    tokenizer: &'static str,
    instruct_type: Option<()>,
}

/// What the endpoint allows that the model is told by.
#[derive(Debug, Serialize)]
struct TopProvider {
    context_length: Option<u64>,
    max_completion_tokens: Option<u64>,
    is_moderated: bool,
}

#[derive(Debug, Serialize)]
struct Links {
    details: String,
}

/// The model that an alias stands for.
#[derive(Debug, Serialize)]
struct AliasTarget<'a> {
    name: &'a str,
    slug: &'a str,
}

// === impl Told ===

impl<'a> Told<'a> {
    pub(super) fn of(model: &'a Model, summary: &Summary) -> Self {
        let top = &model.endpoints()[summary.top];
        Self {
            id: model.id(),
            canonical_slug: model.canonical_slug(),
            object: "model",
            owned_by: author(model.id()),
            name: model.name().into(),
            created: model.created().unwrap_or(0),
            description: model.description().unwrap_or_default(),
            context_length: summary.context_length,
            architecture: Architecture::of(summary),
            pricing: Pricing(top.prices()),
            top_provider: TopProvider {
                context_length: top.context_length().or(summary.context_length),
                max_completion_tokens: top.max_completion_tokens(),
                is_moderated: model.is_moderated(),
            },
            per_request_limits: None,
            supported_parameters: names(summary.parameters),
            default_parameters: None,
            supported_voices: None,
            knowledge_cutoff: None,
            expiration_date: model.expiration_date(),
            hugging_face_id: model.hugging_face_id(),
            links: Links {
                details: details(model.id()),
            },
            alias_target: None,
        }
    }

    /// The same under the name that stands for the newest of its family.
    pub(super) fn by_alias(mut self, alias: &'a str, target: &'a Model) -> Self {
        self.id = alias;
        self.name = format!("{} (latest)", target.name()).into();
        self.alias_target = Some(AliasTarget {
            name: target.name(),
            slug: target.id(),
        });
        self
    }

    pub(super) fn id(&self) -> &'a str {
        self.id
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

// === impl Architecture ===

impl Architecture {
    fn of(summary: &Summary) -> Self {
        let spelled = |modalities: Modalities| modalities.iter().map(Modality::name).collect();
        let (input, output): (Vec<_>, Vec<_>) = (spelled(summary.input), spelled(summary.output));
        Self {
            modality: format!("{}->{}", input.join("+"), output.join("+")),
            input_modalities: input,
            output_modalities: output,
            // A catalogue says nothing of tokenizers.
            tokenizer: "Other",
            instruct_type: None,
        }
    }
}

pub(super) fn names(fields: Fields) -> Vec<&'static str> {
    fields.iter().map(|field| field.name()).collect()
}

/// Where the endpoints are told. A route has room for an author and a slug, or for one name: further slashes are
/// escaped.
fn details(id: &str) -> String {
    let mut path = "/api/v1/models/".to_owned();
    let mut slashes = 0;
    for byte in id.bytes() {
        match byte {
            b'/' if slashes == 0 => {
                slashes += 1;
                path.push('/');
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'@' => {
                path.push(byte.into());
            }
            byte => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path + "/endpoints"
}
