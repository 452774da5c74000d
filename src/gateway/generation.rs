//! `GET /generation?id=gen-…`.

use axum::body::Body;
use axum::extract::{Query, State};
use http::{HeaderMap, Response, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::blocking::{blocking, failed};
use super::json;
use super::router::Door;
use super::usage::exact;
use crate::attempt::End;
use crate::calendar::timestamp as date;
use crate::caller::Caller;
use crate::catalog::{AUTO, FREE, plain};
use crate::clock::wall;
use crate::error::Error;
use crate::generation::GenerationId;
use crate::kind::Kind;
use crate::settle::Certainty;
use crate::settle::store::{AttemptRow, Row};

#[derive(Deserialize)]
struct Asked {
    id: String,
}

pub(super) async fn one(State(door): State<Door>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let told = told(&door, &uri, &headers).await;
    json::told(&door, StatusCode::OK, told)
}

async fn told(door: &Door, uri: &Uri, headers: &HeaderMap) -> Result<String, Error> {
    let caller = door.gateway.keys.identify(headers, wall())?;
    let Query(asked) = Query::<Asked>::try_from_uri(uri).map_err(|_| {
        Error::new(Kind::Invalid, "no generation: name one as `?id=gen-…`").with_param("id")
    })?;
    let row = match asked.id.parse() {
        Ok(id) => found(door, id).await?,
        Err(_) => None,
    };
    let row = row.filter(|row| may_see(&caller, row)).ok_or_else(|| {
        Error::new(Kind::NotFound, "no such generation, or no longer kept").with_param("id")
    })?;
    json::text(&Data {
        data: Told::of(&row),
    })
}

/// Among the newest, or in the books.
async fn found(door: &Door, id: GenerationId) -> Result<Option<Row>, Error> {
    let books = &door.gateway.books;
    if let Some(row) = books.with(&id, |record| Row::from(record)) {
        return Ok(Some(row));
    }
    let Some(store) = books.store().cloned() else {
        return Ok(None);
    };
    let row = blocking(move || store.row(&id)).await;
    row.map_err(|why| failed(&why))
}

/// Those of its own account; the operator's management keys those of all.
fn may_see(caller: &Caller, row: &Row) -> bool {
    let own = caller.account_name();
    own == row.account || (own == Caller::ACCOUNT && caller.rights().manage())
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
    api_type: Option<&'static str>,
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
    finish_reason: Option<&'a str>,
    native_finish_reason: Option<&'a str>,
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
    end: &'a str,
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
    fn of(row: &'a Row) -> Self {
        let last = row.answer();
        let ended = |end: End| row.end == end.as_str();
        let without_error = [End::Complete, End::Cancelled, End::Superseded].map(ended);
        let finish = match without_error.contains(&true) {
            true => row.finish.as_deref(),
            false => Some("error"),
        };
        let usage = &row.usage;
        let own = last.filter(|last| last.byok);
        // Strict clients want a number, and without a price nothing is charged. That the cost is unknown, not zero, stands
        // with the attempts.
        let paid = row.charge.map(|charge| charge.saturating_add(row.fee));
        let paid = paid.unwrap_or_default();
        Self {
            id: row.id.as_str(),
            upstream_id: last.and_then(|last| last.upstream_id.as_deref()),
            api_type: match &*row.operation {
                "embedding" => Some("embeddings"),
                "chat" | "completion" => Some("completions"),
                // Of what was abandoned it is not known.
                _ => None,
            },
            created_at: date(row.created),
            app_id: None,
            http_referer: row.referer.as_deref(),
            origin: row.title.as_deref().unwrap_or_default(),
            user_agent: row.user_agent.as_deref(),
            external_user: row.user.as_deref(),
            preset_id: None,
            workspace_id: None,
            router: row.requested.as_deref().and_then(router),
            data_region: "global",
            model: row
                .model
                .as_deref()
                .or(row.requested.as_deref())
                .unwrap_or_default(),
            provider_name: row.provider.as_deref(),
            service_tier: last.and_then(|last| last.tier.as_deref()),
            streamed: row.streamed,
            cancelled: ended(End::Cancelled),
            finish_reason: finish,
            native_finish_reason: finish,
            provider_responses: row.attempts.iter().map(ProviderResponse::of).collect(),
            latency: Some(millis(row.first_token.unwrap_or(row.took))),
            generation_time: millis(row.took),
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
            total_cost: exact(paid),
            usage: exact(paid),
            cache_discount: None,
            upstream_inference_cost: own.and_then(|own| own.cost).map(exact),
            is_byok: own.is_some(),
        }
    }
}

/// The router that is meant by this name.
fn router(name: &str) -> Option<&'static str> {
    let name = plain(name);
    [AUTO, FREE].into_iter().find(|router| *router == name)
}

fn millis(micros: u64) -> u64 {
    micros / 1000
}

// === impl ProviderResponse ===

impl<'a> ProviderResponse<'a> {
    fn of(attempt: &'a AttemptRow) -> Self {
        Self {
            status: attempt.status,
            id: attempt.upstream_id.as_deref(),
            endpoint_id: attempt.endpoint.as_deref(),
            model_permaslug: attempt.model.as_deref(),
            provider_name: attempt.provider.as_deref(),
            latency: attempt.first_token.map(millis),
            is_byok: attempt.byok,
            end: &attempt.end,
            cost: attempt.cost.map(exact),
            cost_at_most: attempt.at_most.map(exact),
            cost_reported: attempt.reported.map(exact),
            cost_certainty: match attempt.certainty {
                Certainty::Exact => "exact",
                Certainty::Estimated => "estimated",
                Certainty::Unknown => "unknown",
            },
            ambiguous: attempt.ambiguous,
            took: millis(attempt.took),
        }
    }
}
