//! `GET /models`.

use axum::body::Body;
use axum::extract::{Request, State};
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value, json};

use super::refuse;
use super::router::Door;
use crate::catalog::{Model, Prices, Rate};

pub(super) async fn list(State(door): State<Door>, request: Request) -> Response<Body> {
    if let Err(error) = door.gateway.keys.check(request.headers()) {
        return refuse::response(&error, door.dialect, None);
    }
    let models: Vec<_> = door
        .gateway
        .catalog
        .models()
        .iter()
        .map(|model| told(model))
        .collect();
    // Strict clients demand `links` and `total_count`, OpenAI's `object`.
    let body = json!({
        "object": "list",
        "total_count": models.len(),
        "links": { "next": null },
        "data": models,
    });
    let mut response = Response::new(Body::from(body.to_string()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
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
        .map(|endpoint| pricing(endpoint.prices()))
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

/// Prices as decimal strings in USD per token. `"-1"` is OpenRouter's word for a price that varies; here
/// it says that none is known, since `"0"` would say free.
fn pricing(prices: &Prices) -> Value {
    let mut told = Map::new();
    let demanded = [("prompt", Rate::Prompt), ("completion", Rate::Completion)];
    for (name, rate) in demanded {
        let price = prices
            .get(rate)
            .map_or("-1".to_owned(), |price| price.to_string());
        told.insert(name.into(), price.into());
    }
    let listed = [
        ("request", Rate::Request),
        ("input_cache_read", Rate::CacheRead),
        ("input_cache_write", Rate::CacheWrite),
        ("input_cache_write_1h", Rate::CacheWrite1h),
        ("internal_reasoning", Rate::Reasoning),
        ("audio", Rate::Audio),
        ("audio_output", Rate::AudioOutput),
        ("image_token", Rate::Image),
        ("image_output", Rate::ImageOutput),
    ];
    for (name, rate) in listed {
        if let Some(price) = prices.listed(rate) {
            told.insert(name.into(), price.to_string().into());
        }
    }
    told.into()
}
