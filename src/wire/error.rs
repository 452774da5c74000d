//! Errors as callers read them: OpenRouter's envelope and OpenAI's.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Dialect, allowance, availability};
use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::disposition::Fault;
use crate::error::Error;
use crate::kind::Kind;
use crate::standing::Cause;

/// How many attempts an error tells of.
const ATTEMPTS: usize = 16;

/// The HTTP status of an error. OpenAI answers 404 to an unknown model, OpenRouter 400.
pub fn status(error: &Error, dialect: Dialect) -> http::StatusCode {
    match (dialect, error.kind()) {
        (Dialect::OpenAi, Kind::UnknownModel) => http::StatusCode::NOT_FOUND,
        _ => error.status(),
    }
}

/// The body of an error response.
///
/// ```
/// use switchtower::{Error, Kind, wire::{Dialect, error::envelope}};
///
/// let error = Error::new(Kind::Unauthorized, "the API key is not valid");
/// let router = envelope(&error, Dialect::OpenRouter, None);
/// assert_eq!(router["error"]["code"], 401);
/// let openai = envelope(&error, Dialect::OpenAi, None);
/// assert_eq!(openai["error"]["code"], "invalid_api_key");
/// ```
pub fn envelope(error: &Error, dialect: Dialect, call: Option<&Call>) -> Value {
    json!({ "error": object(error, dialect, call) })
}

/// The `error` object alone, as it stands in an envelope and in the last chunk of a stream.
pub(crate) fn object(error: &Error, dialect: Dialect, call: Option<&Call>) -> Value {
    match dialect {
        Dialect::OpenRouter => {
            let mut object = json!({
                "code": status(error, dialect).as_u16(),
                "message": error.message(),
                "metadata": metadata(error, call),
            });
            if let Some(availability) = availability::of(error, call) {
                object["availability"] = availability;
            }
            object
        }
        Dialect::OpenAi => {
            let mut object = json!({
                "message": error.message(),
                "type": openai_type(error),
                "param": error.param(),
                "code": openai_code(error),
            });
            // Its clients read the four alone, and keep the rest.
            let mut metadata = Map::new();
            if let Some(exceeded) = error.exceeded() {
                allowance::metadata(&mut metadata, exceeded);
            }
            let attempts = attempts(error, call);
            if !attempts.is_empty() {
                metadata.insert("attempts".into(), attempts.into());
            }
            if !metadata.is_empty() {
                object["metadata"] = metadata.into();
            }
            object
        }
    }
}

/// What OpenRouter adds: the typed error, the provider, and who failed before.
fn metadata(error: &Error, call: Option<&Call>) -> Value {
    let mut metadata = Map::new();
    metadata.insert("error_type".into(), error.kind().rule().error_type.into());
    let upstream = error.upstream();
    let named = upstream.and_then(|upstream| upstream.provider.as_deref().map(Value::from));
    if let Some(provider) = named.or_else(|| culprit(error, call)) {
        metadata.insert("provider_name".into(), provider);
    }
    if let Some(code) = upstream.and_then(|upstream| upstream.code.as_deref()) {
        metadata.insert("provider_code".into(), code.into());
    }
    if let Some(param) = error.param() {
        metadata.insert("param".into(), param.into());
    }
    if let Some(after) = error.retry_after() {
        metadata.insert("retry_after".into(), seconds(after).into());
    }
    if let Some(exceeded) = error.exceeded() {
        allowance::metadata(&mut metadata, exceeded);
    }
    if error.kind() == Kind::ContentPolicy {
        moderation(&mut metadata, error, call);
    }
    let failed = failed(error, call, |attempt, kind| {
        json!({
            "provider": attempt.candidate().map(|it| it.endpoint.provider().name()),
            "code": kind.as_str(),
            "status": attempt.found().status,
        })
    });
    if !failed.is_empty() {
        metadata.insert("previous_errors".into(), failed.into());
        metadata.insert("attempts".into(), attempts(error, call).into());
    }
    metadata.into()
}

/// `Retry-After` in whole seconds, rounded up: early is worse than late.
pub fn seconds(after: Duration) -> u64 {
    after.as_millis().div_ceil(1000) as u64
}

/// Who was asked last, if the fault lies there.
fn culprit(error: &Error, call: Option<&Call>) -> Option<Value> {
    match error.kind().rule().fault {
        Fault::Upstream | Fault::Network => {
            let attempt = call?.answer()?;
            Some(attempt.candidate()?.endpoint.provider().name().into())
        }
        Fault::Caller | Fault::Us => None,
    }
}

/// What OpenRouter adds where content was refused, but for the words that were.
fn moderation(metadata: &mut Map<String, Value>, error: &Error, call: Option<&Call>) {
    let reasons = error.upstream().map(|upstream| json!(upstream.reasons));
    metadata.insert("reasons".into(), reasons.unwrap_or_else(|| json!([])));
    let last = call.and_then(Call::last);
    let model = last.as_ref().and_then(Attempt::candidate);
    if let Some(candidate) = model {
        metadata.insert("model_slug".into(), candidate.model.id().into());
    }
}

/// Who was asked in vain, how it ended, and after which time. Ours, like its name.
fn attempts(error: &Error, call: Option<&Call>) -> Vec<Value> {
    failed(error, call, |attempt, kind| {
        let candidate = attempt.candidate();
        let ended = attempt.ended().map(|(_, at)| at);
        let took = ended.map(|at| at.saturating_duration_since(attempt.started()));
        json!({
            "provider": candidate.map(|it| it.endpoint.provider().name()),
            "model": candidate.map(|it| it.model.id()),
            "status": attempt.found().status,
            "error": kind.as_str(),
            "ms": took.map(|took| took.as_millis() as u64),
        })
    })
}

/// Each attempt that failed, or the last of them.
fn failed(
    error: &Error,
    call: Option<&Call>,
    told: impl Fn(&Attempt, Kind) -> Value,
) -> Vec<Value> {
    let of = |attempts: &[Attempt]| {
        let failed = attempts.iter().filter_map(|attempt| match attempt.ended() {
            Some((End::Failed(kind), _)) => Some(told(attempt, kind)),
            _ => None,
        });
        let mut failed: Vec<_> = failed.collect();
        failed.drain(..failed.len().saturating_sub(ATTEMPTS));
        failed
    };
    match call {
        Some(call) => call.with_attempts(of),
        None => of(error.attempts()),
    }
}

/// The types that OpenAI's documentation and SDKs know.
fn openai_type(error: &Error) -> &'static str {
    match error.kind() {
        Kind::Unauthorized => "authentication_error",
        Kind::Forbidden => "permission_error",
        Kind::PaymentRequired | Kind::QuotaExhausted | Kind::Ejected(Cause::Quota) => {
            "insufficient_quota"
        }
        Kind::LimitReached | Kind::RateLimited | Kind::Ejected(Cause::Limited) => {
            "rate_limit_error"
        }
        kind if kind.rule().fault == Fault::Caller => "invalid_request_error",
        Kind::Elapsed(_) => "timeout_error",
        _ => "server_error",
    }
}

fn openai_code(error: &Error) -> Option<&'static str> {
    Some(match error.kind() {
        Kind::Unauthorized => "invalid_api_key",
        Kind::UnknownModel | Kind::ModelMissing => "model_not_found",
        Kind::NoEndpoints => "no_endpoints",
        Kind::ContentPolicy => "content_policy_violation",
        Kind::ContextTooLong => "context_length_exceeded",
        Kind::LimitReached | Kind::RateLimited | Kind::Ejected(Cause::Limited) => {
            "rate_limit_exceeded"
        }
        Kind::PaymentRequired | Kind::QuotaExhausted | Kind::Ejected(Cause::Quota) => {
            "insufficient_quota"
        }
        Kind::Ejected(Cause::Key) => Kind::UpstreamAuth.as_str(),
        Kind::TooLarge => "payload_too_large",
        Kind::Invalid | Kind::Refused | Kind::NotFound => return None,
        kind => kind.as_str(),
    })
}
