//! `GET /models`, `GET /models/{id}`, `GET /models/{author}/{slug}/endpoints`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use http::Response;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::router::Door;
use super::{pricing, refuse};
use crate::catalog::{Endpoint, Model};
use crate::error::Error;
use crate::kind::Kind;

pub(super) async fn list(State(door): State<Door>, request: Request) -> Response<Body> {
    answer(&door, request.headers(), || {
        let lineup = door.gateway.roster.lineup();
        let models = lineup.catalog().models().iter();
        let models: Vec<_> = models.map(|model| told(model)).collect();
        // Strict clients demand `links` and `total_count`, OpenAI's `object`.
        Ok(json!({
            "object": "list",
            "total_count": models.len(),
            "links": { "next": null },
            "data": models,
        }))
    })
}

/// One model as OpenAI tells it, without a wrapper; its SDKs send the slash of an id as `%2F`.
pub(super) async fn one(
    State(door): State<Door>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    answer(&door, request.headers(), || {
        let Path(id) = id.map_err(|_| unknown())?;
        find(&door, &id).map(|model| told(&model))
    })
}

pub(super) async fn endpoints(
    State(door): State<Door>,
    names: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response<Body> {
    answer(&door, request.headers(), || {
        let Path((author, slug)) = names.map_err(|_| unknown())?;
        let model = find(&door, &format!("{author}/{slug}"))?;
        let mut data = told(&model);
        data["endpoints"] = model
            .endpoints()
            .iter()
            .map(|e| endpoint(&model, e))
            .collect();
        Ok(json!({ "data": data }))
    })
}

fn find(door: &Door, id: &str) -> Result<Arc<Model>, Error> {
    let model = door
        .gateway
        .roster
        .with(|lineup| lineup.catalog().find(id).cloned());
    model.ok_or_else(unknown)
}

/// Also of what is no text at all.
fn unknown() -> Error {
    Error::new(Kind::NotFound, "no such model; GET /models lists them").with_param("model")
}

fn answer(
    door: &Door,
    headers: &HeaderMap,
    body: impl FnOnce() -> Result<Value, Error>,
) -> Response<Body> {
    match door.gateway.keys.check(headers).and_then(|()| body()) {
        Ok(body) => {
            let mut response = Response::new(Body::from(body.to_string()));
            let kind = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => refuse::response(&error, door.dialect, None),
    }
}

/// A model with every key that OpenRouter's SDKs demand, and OpenAI's `object` and `owned_by`.
fn told(model: &Model) -> Value {
    let cheapest = model.endpoints().iter().min_by_key(|endpoint| {
        endpoint
            .prices()
            .balance()
            .map_or(u64::MAX, |p| p.femtodollars())
    });
    let prices = cheapest
        .map(|endpoint| pricing::of(endpoint.prices()))
        .unwrap_or_default();
    let limit = model
        .endpoints()
        .iter()
        .filter_map(|e| e.max_completion_tokens())
        .max();
    json!({
        "id": model.id(),
        "canonical_slug": model.id(),
        "object": "model",
        "owned_by": model.id().split('/').next(),
        "name": model.name(),
        "created": model.created().unwrap_or(0),
        "description": model.description().unwrap_or_default(),
        "context_length": model.context_length(),
        "architecture": {
            "input_modalities": ["text"],
            "output_modalities": ["text"],
            "modality": "text->text",
            "tokenizer": "Other",
            "instruct_type": null,
        },
        "pricing": prices,
        "top_provider": {
            "context_length": model.context_length(),
            "max_completion_tokens": limit,
            "is_moderated": false,
        },
        "per_request_limits": null,
        "supported_parameters": [],
        "default_parameters": null,
        "supported_voices": null,
        "links": { "details": format!("/api/v1/models/{}/endpoints", model.id()) },
    })
}

/// An endpoint with every key that OpenRouter's SDKs demand; what is not measured yet is null.
fn endpoint(model: &Model, endpoint: &Endpoint) -> Value {
    let provider = endpoint.provider().name();
    json!({
        "name": format!("{provider} | {}", model.id()),
        "model_id": model.id(),
        "model_name": model.name(),
        "provider_name": provider,
        "tag": endpoint.tag(),
        "context_length": endpoint.context_length().unwrap_or(0),
        "max_completion_tokens": endpoint.max_completion_tokens(),
        "max_prompt_tokens": null,
        "pricing": pricing::of(endpoint.prices()),
        "quantization": "unknown",
        "status": 0,
        "supported_parameters": [],
        "supports_implicit_caching": false,
        // Every choice goes through as it came: what the provider makes of it is not known here.
        "supports_tool_choice": { "auto": true, "function": true, "none": true, "required": true },
        "uptime_last_5m": null,
        "uptime_last_30m": null,
        "uptime_last_1d": null,
        "latency_last_30m": null,
        "throughput_last_30m": null,
    })
}
