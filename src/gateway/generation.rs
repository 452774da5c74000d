//! `GET /generation?id=gen-…`.

use axum::body::Body;
use axum::extract::{Query, Request, State};
use http::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::json;
use super::router::Door;
use super::usage::exact;
use crate::attempt::End;
use crate::calendar::timestamp as date;
use crate::caller::Caller;
use crate::error::Error;
use crate::kind::Kind;
use crate::settle::{AttemptRecord, Certainty, Record};
use crate::wire::{Finish, Operation, Tier};

#[derive(Deserialize)]
struct Asked {
    id: String,
}

pub(super) async fn one(State(door): State<Door>, request: Request) -> Response<Body> {
    json::answer_to(&door, request.headers(), |caller| {
        found(&door, &request, caller)
    })
}

fn found(door: &Door, request: &Request, caller: &Caller) -> Result<String, Error> {
    let Query(asked) = Query::<Asked>::try_from_uri(request.uri()).map_err(|_| {
        Error::new(Kind::Invalid, "no generation: name one as `?id=gen-…`").with_param("id")
    })?;
    let record = door.gateway.books.get(&asked.id);
    let record = record.filter(|record| may_see(caller, record));
    let record = record.ok_or_else(|| {
        Error::new(Kind::NotFound, "no such generation, or no longer kept").with_param("id")
    })?;
    serde_json::to_string(&Data {
        data: Told::of(&record),
    })
    .map_err(|source| Error::new(Kind::Internal, "cannot be told").with_source(source))
}

/// Those of its own account; the operator's management keys those of all.
fn may_see(caller: &Caller, record: &Record) -> bool {
    let account = record.caller.as_deref();
    let account = account.map_or(Caller::ACCOUNT, Caller::account_name);
    let own = caller.account_name();
    own == account || (own == Caller::ACCOUNT && caller.rights().manage())
}

#[derive(Serialize)]
struct Data<'a> {
    data: Told<'a>,
}

/// All keys that OpenRouter's SDKs demand. Times are in milliseconds.
#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    upstream_id: Option<&'a str>,
    api_type: &'static str,
    created_at: String,
    app_id: Option<u64>,
    http_referer: Option<&'a str>,
    origin: &'a str,
    user_agent: Option<&'a str>,
    external_user: Option<&'a str>,
    preset_id: Option<&'a str>,
    workspace_id: Option<&'a str>,
    router: Option<&'a str>,
    data_region: &'static str,
    model: &'a str,
    provider_name: Option<&'a str>,
    service_tier: Option<&'a str>,
    streamed: bool,
    cancelled: bool,
    finish_reason: Option<&'static str>,
    native_finish_reason: Option<&'static str>,
    provider_responses: Vec<ProviderResponse<'a>>,
    latency: Option<u64>,
    generation_time: u64,
    moderation_latency: Option<u64>,
    tokens_prompt: u64,
    tokens_completion: u64,
    native_tokens_prompt: u64,
    native_tokens_completion: u64,
    native_tokens_cached: u64,
    native_tokens_reasoning: u64,
    native_tokens_completion_images: Option<u64>,
    num_media_prompt: Option<u64>,
    num_media_completion: Option<u64>,
    num_input_audio_prompt: Option<u64>,
    num_search_results: Option<u64>,
    num_fetches: Option<u64>,
    web_search_engine: Option<&'a str>,
    total_cost: Box<RawValue>,
    usage: Box<RawValue>,
    cache_discount: Option<u64>,
    upstream_inference_cost: Option<Box<RawValue>>,
    is_byok: bool,
}

/// One attempt. The last five keys are ours.
#[derive(Serialize)]
struct ProviderResponse<'a> {
    status: Option<u16>,
    // Optional, but never null.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_permaslug: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<u64>,
    is_byok: bool,
    end: &'static str,
    cost: Option<Box<RawValue>>,
    /// The most that it may be in truth.
    cost_at_most: Option<Box<RawValue>>,
    /// What the provider itself says.
    cost_reported: Option<Box<RawValue>>,
    cost_certainty: &'static str,
    /// It was sent, and no word came back: it may be billed.
    ambiguous: bool,
    took: u64,
}

// === impl Told ===

impl<'a> Told<'a> {
    fn of(record: &'a Record) -> Self {
        let last = record.answer();
        let finish = match record.end {
            End::Failed(_) => Some("error"),
            _ => record.finish.map(Finish::as_str),
        };
        let usage = &record.usage;
        let own = last.filter(|last| last.byok);
        Self {
            id: record.id.as_str(),
            upstream_id: last.and_then(|last| last.upstream_id.as_deref()),
            api_type: match record.operation {
                Operation::Embedding => "embeddings",
                Operation::Chat | Operation::Completion => "completions",
            },
            created_at: date(record.created),
            app_id: None,
            http_referer: record.app.referer.as_deref(),
            origin: record.app.title.as_deref().unwrap_or_default(),
            user_agent: record.app.user_agent.as_deref(),
            external_user: None,
            preset_id: None,
            workspace_id: None,
            router: None,
            data_region: "global",
            model: last
                .and_then(AttemptRecord::model)
                .or(record.requested.as_deref())
                .unwrap_or_default(),
            provider_name: last.and_then(AttemptRecord::provider),
            service_tier: last.and_then(|last| last.tier).map(Tier::name),
            streamed: record.streamed,
            cancelled: record.end == End::Cancelled,
            finish_reason: finish,
            native_finish_reason: finish,
            provider_responses: record.attempts.iter().map(ProviderResponse::of).collect(),
            latency: Some(record.first_token.unwrap_or(record.took).as_millis() as u64),
            generation_time: record.took.as_millis() as u64,
            moderation_latency: None,
            tokens_prompt: usage.prompt_tokens(),
            tokens_completion: usage.completion_tokens(),
            native_tokens_prompt: usage.prompt_tokens(),
            native_tokens_completion: usage.completion_tokens(),
            native_tokens_cached: usage.cached_tokens(),
            native_tokens_reasoning: usage.reasoning,
            native_tokens_completion_images: (usage.image_output > 0).then_some(usage.image_output),
            num_media_prompt: None,
            num_media_completion: None,
            num_input_audio_prompt: None,
            num_search_results: None,
            num_fetches: None,
            web_search_engine: None,
            // Strict clients want a number, and without a price nothing is charged. That the cost is
            // unknown, not zero, stands with the attempts.
            total_cost: exact(record.paid().unwrap_or_default()),
            usage: exact(record.paid().unwrap_or_default()),
            cache_discount: None,
            upstream_inference_cost: own.and_then(|own| own.cost.amount).map(exact),
            is_byok: own.is_some(),
        }
    }
}

// === impl ProviderResponse ===

impl<'a> ProviderResponse<'a> {
    fn of(attempt: &'a AttemptRecord) -> Self {
        Self {
            status: attempt.status,
            id: attempt.upstream_id.as_deref(),
            endpoint_id: attempt.tag(),
            model_permaslug: attempt.model(),
            provider_name: attempt.provider(),
            latency: attempt.first_token.map(|first| first.as_millis() as u64),
            is_byok: attempt.byok,
            end: attempt.end.as_str(),
            cost: attempt.cost.amount.map(exact),
            cost_at_most: attempt.cost.at_most.map(exact),
            cost_reported: attempt.reported.map(exact),
            cost_certainty: match attempt.cost.certainty {
                Certainty::Exact => "exact",
                Certainty::Estimated => "estimated",
                Certainty::Unknown => "unknown",
            },
            ambiguous: attempt.ambiguous,
            took: attempt.took.as_millis() as u64,
        }
    }
}
