//! What did the upstream mean when it refused? By status *and* body.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::headers::retry_after;
use super::moderation;
use crate::error::{Error, Upstream};
use crate::kind::Kind;
use crate::plan::Candidate;

/// How much of an upstream's code and message is repeated.
const CODE: usize = 64;
const MESSAGE: usize = 512;

/// How those who have no code for it say that a prompt is too long: OpenAI and vLLM, Together,
/// Anthropic, Gemini, Groq, Bedrock, Text Generation Inference, xAI, Moonshot, DashScope, llama.cpp, SGLang, Z.AI.
const TOO_LONG: [&str; 13] = [
    "maximum context length",
    "context window",
    "prompt is too long",
    "maximum number of tokens allowed",
    "reduce the length of the messages",
    "input is too long",
    "`inputs` tokens",
    "maximum prompt length",
    "exceeded model token limit",
    "range of input length should be",
    "exceeds the available context size",
    "longer than the model's context length",
    "more than max tokens allowed",
];
/// What a code says of an account that is out of credit: OpenAI's, Anthropic's, Moonshot's, MiniMax's, DashScope's.
const OUT_OF_CREDIT_CODES: [&str; 6] = [
    "insufficient_quota",
    "billing",
    "insufficient_credit",
    "exceeded_current_quota",
    "insufficient_balance",
    "arrearage",
];
/// How those who have no code for it say that an account is out of credit: Anthropic (400), xAI (403), DeepSeek and
/// OpenRouter (402), Z.AI (429), MiniMax (500). OpenAI's words for it are not among them: Gemini uses the same for a rate. A message begins with
/// them: what stands further behind may be the caller's own words, which are not to bench a key that others use.
const OUT_OF_CREDIT: [&str; 3] = [
    "your credit balance is too low",
    "insufficient balance",
    "insufficient credits",
];
/// xAI's, behind the name of the team. No other 403 repeats what is wrong with a request.
const USED_UP: &str = "used all available credits";
/// How those who answer 400 to a bad key, or to one from where they serve nobody, say so: Gemini, xAI. Likewise at the
/// beginning.
const BAD_KEY: [&str; 5] = [
    "api key not valid",
    "api key expired",
    "incorrect api key",
    "invalid api key",
    "user location is not supported",
];
/// What a code says of a model that is not there, be the status 400: OpenAI's, Mistral's, Groq's.
const NO_MODEL: [&str; 3] = ["model_not_found", "invalid_model", "model_decommissioned"];
/// DeepSeek's words for it, whose code is that of any bad request. Likewise at the beginning.
const NO_MODEL_WORDS: [&str; 1] = ["model not exist"];

/// An error object, however it is spelled: `{"error": {…}}`, `{"error": "…"}`, `{"message": "…"}`.
#[derive(Debug, Default)]
struct Said {
    message: String,
    code: Option<String>,
    status: Option<u16>,
    param: Option<String>,
    /// Why the content was refused, where it says so.
    reasons: Vec<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spelled {
    message: Value,
    code: Value,
    r#type: Value,
    status: Value,
    param: Value,
    error: Value,
    metadata: Value,
    innererror: Value,
}

/// The error that a non-2xx answer means.
pub(crate) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
    candidate: Option<&Candidate>,
) -> Error {
    let said = Said::read(body);
    let error = said.error(Some(status.as_u16()), candidate);
    error.with_retry_after(retry_after(headers, now))
}

/// The error that an `error` object inside a 200 means.
pub(crate) fn in_band(json: &[u8], candidate: Option<&Candidate>) -> Error {
    let said = Said::of(serde_json::from_slice(json).unwrap_or_default());
    let status = said.status;
    said.error(status, candidate)
}

// === impl Said ===

impl Said {
    fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            // Gemini wraps its error into an array.
            Ok(Value::Array(items)) => Self::of(items.into_iter().next().unwrap_or_default()),
            Ok(value) => Self::of(value),
            Err(_) => Self::default(),
        }
    }

    fn of(value: Value) -> Self {
        if let Value::String(message) = value {
            return Self {
                message,
                ..Self::default()
            };
        }
        let spelled: Spelled = serde_json::from_value(value).unwrap_or_default();
        if spelled.error.is_object() || spelled.error.is_string() {
            return Self::of(spelled.error);
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let status = [&spelled.code, &spelled.status]
            .into_iter()
            .find_map(number);
        Self {
            reasons: moderation::reasons(&spelled.metadata, &spelled.innererror),
            message: text(&spelled.message).unwrap_or_default(),
            // Mistral has a number for it, and the word beside it.
            code: text(&spelled.code)
                .filter(|code| spelled.r#type.is_null() || !is_number(code))
                .or_else(|| text(&spelled.r#type))
                .or_else(|| text(&spelled.status))
                .or_else(|| text(&spelled.metadata["error_type"])),
            status: status.and_then(|status| u16::try_from(status).ok()),
            param: text(&spelled.param),
        }
    }

    fn error(self, status: Option<u16>, candidate: Option<&Candidate>) -> Error {
        let kind = self.kind(status);
        let this = match candidate {
            Some(candidate) => self.without_keys(candidate),
            None => self,
        };
        this.told(kind, status, candidate)
    }

    /// Some repeat the headers of a request that they do not like.
    fn without_keys(mut self, candidate: &Candidate) -> Self {
        let provider = candidate.endpoint.provider();
        let own = candidate.own_key.as_ref();
        let own = own.and_then(|own| own.key(provider));
        let keys = provider.keys().iter().chain(own);
        let is_told = |text: &str| keys.clone().any(|key| key.secret().is_in(text));
        if is_told(&self.message) {
            self.message.clear();
        }
        self.code = self.code.filter(|code| !is_told(code));
        self.param = self.param.filter(|param| !is_told(param));
        self.reasons.retain(|reason| !is_told(reason));
        self
    }

    fn told(&self, kind: Kind, status: Option<u16>, candidate: Option<&Candidate>) -> Error {
        let provider = candidate.map(|candidate| candidate.endpoint.provider().name());
        let upstream = Upstream {
            status,
            code: self.code.as_deref().map(|code| clip(code, CODE).into()),
            provider: provider.map(Into::into),
            reasons: match kind {
                Kind::ContentPolicy => self.reasons.clone(),
                _ => Vec::new(),
            },
        };
        let error = Error::new(kind, self.sentence(kind, provider)).with_upstream(upstream);
        match &self.param {
            Some(param) if kind == Kind::Refused => error.with_param(clip(param, CODE).to_owned()),
            _ => error,
        }
    }

    /// Only what concerns the caller's own request is repeated in the upstream's words: the others
    /// may name our account or our key.
    fn sentence(&self, kind: Kind, provider: Option<&str>) -> String {
        let who = provider.unwrap_or("the provider");
        match kind {
            Kind::Refused | Kind::ContextTooLong if !self.message.is_empty() => {
                clip(&self.message, MESSAGE).to_owned()
            }
            Kind::Refused => format!("{who} refused the request"),
            Kind::ContextTooLong => "the prompt is too long for the model's context".to_owned(),
            // xAI's words name our team and our key.
            Kind::ContentPolicy if self.reasons.is_empty() => {
                format!("{who} refused the content of the request")
            }
            Kind::ContentPolicy => {
                let reasons = self.reasons.join(", ");
                format!("{who} refused the content of the request: {reasons}")
            }
            Kind::UpstreamAuth => format!("{who} did not accept the key configured for it"),
            Kind::QuotaExhausted => format!("the quota at {who} is used up"),
            Kind::RateLimited => format!("{who} is rate-limiting this model"),
            Kind::ModelMissing => format!("{who} does not serve this model"),
            Kind::Overloaded => format!("{who} is overloaded"),
            _ => format!("{who} returned an error"),
        }
    }

    fn kind(&self, status: Option<u16>) -> Kind {
        let code = self
            .code
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let message = self.message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| code.contains(word));
        let tells = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if says(&["context_length_exceeded", "context_window"])
            || (matches!(status, None | Some(400 | 413 | 422)) && tells(&TOO_LONG))
        {
            return Kind::ContextTooLong;
        }
        if says(&OUT_OF_CREDIT_CODES)
            || (matches!(status, None | Some(400 | 402 | 403 | 429 | 500))
                && begins(&message, &OUT_OF_CREDIT))
            || (status == Some(403) && message.contains(USED_UP))
        {
            return Kind::QuotaExhausted;
        }
        if moderation::is_refusal(status, &code, &message, &self.reasons) {
            return Kind::ContentPolicy;
        }
        match status {
            Some(401 | 403) => Kind::UpstreamAuth,
            Some(402) => Kind::QuotaExhausted,
            Some(404) => Kind::ModelMissing,
            Some(429) => Kind::RateLimited,
            Some(503 | 529) => Kind::Overloaded,
            None | Some(400..=499)
                if says(&["invalid_api_key", "authentication"]) || begins(&message, &BAD_KEY) =>
            {
                Kind::UpstreamAuth
            }
            // The model is named by our catalogue, not by the request.
            None | Some(400 | 422) if says(&NO_MODEL) || begins(&message, &NO_MODEL_WORDS) => {
                Kind::ModelMissing
            }
            // Groq's 413 is about the tokens that our account has for a minute.
            Some(400 | 413 | 422) if says(&["rate_limit"]) => Kind::RateLimited,
            // Only these are about the request. TGI's 424 is a generation that failed.
            Some(400 | 413 | 415 | 422) => Kind::Refused,
            Some(_) => Kind::Unavailable,
            // Inside a 200 some name no status, but a type.
            None if says(&["overloaded"]) => Kind::Overloaded,
            None if says(&["rate_limit"]) => Kind::RateLimited,
            None if says(&["permission"]) => Kind::UpstreamAuth,
            None if says(&["invalid_request"]) => Kind::Refused,
            None => Kind::Unavailable,
        }
    }
}

/// Does it begin with one of these? Some put the name of a field at fault before a colon, and that may be any words, too.
fn begins(message: &str, words: &[&str]) -> bool {
    let message = message.trim_start();
    let rests = words.iter().filter_map(|words| message.strip_prefix(words));
    rests.into_iter().any(|rest| !rest.starts_with(':'))
}

/// A number, or a text that is the number of a status: others have numbers of their own, which mean something else.
fn number(value: &Value) -> Option<u64> {
    let told = || value.as_str()?.parse().ok();
    value
        .as_u64()
        .or_else(|| told().filter(|number| (100..600).contains(number)))
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn clip(text: &str, most: usize) -> &str {
    match text.char_indices().nth(most) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
