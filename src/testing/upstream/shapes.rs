//! OpenAI's JSON, field by field in OpenAI's order.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Tokens;

#[derive(Serialize)]
pub(super) struct Completion<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created: u64,
    pub(super) model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system_fingerprint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Error<'a>>,
    pub(super) choices: Vec<Choice<'a>>,
    /// `Some(None)` is an explicit null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Option<Usage>>,
}

#[derive(Clone, Default, Serialize)]
pub(super) struct Choice<'a> {
    pub(super) index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    pub(super) logprobs: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Error<'a>>,
    pub(super) finish_reason: Option<&'a str>,
}

/// A whole message, or a part of one.
#[derive(Clone, Default, Serialize)]
pub(super) struct Message {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    /// `Some(None)` is an explicit null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Option<String>>,
    #[serde(flatten)]
    pub(super) reasoning: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<Option<()>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<Tool>,
}

#[derive(Clone, Serialize)]
pub(super) struct Tool {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    pub(super) function: Function,
}

#[derive(Clone, Serialize)]
pub(super) struct Function {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) arguments: String,
}

#[derive(Clone, Serialize)]
pub(super) struct Envelope<'a> {
    pub(super) error: Error<'a>,
}

#[derive(Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Error<'a> {
    OpenAi {
        message: &'a str,
        #[serde(rename = "type")]
        kind: &'a str,
        param: Option<&'a str>,
        code: Option<&'a str>,
    },
    OpenRouter {
        code: u16,
        message: &'a str,
        metadata: Metadata<'a>,
    },
}

#[derive(Clone, Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) error_type: &'a str,
}

#[derive(Clone, Serialize)]
pub(super) struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Clone, Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    audio_tokens: u64,
}

#[derive(Clone, Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

// === impl Usage ===

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        let (cached_tokens, reasoning_tokens) = (tokens.cached, tokens.reasoning);
        Self {
            prompt_tokens: tokens.prompt,
            completion_tokens: tokens.completion,
            total_tokens: tokens.prompt + tokens.completion,
            prompt_tokens_details: PromptDetails {
                cached_tokens,
                audio_tokens: 0,
            },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens,
                audio_tokens: 0,
                accepted_prediction_tokens: 0,
                rejected_prediction_tokens: 0,
            },
        }
    }
}
