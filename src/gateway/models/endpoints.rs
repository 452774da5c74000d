//! `GET /models/{author}/{slug}/endpoints` and `GET /endpoints/zdr`.

use std::time::Instant;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use http::Response;
use serde::Serialize;

use super::measured::{Stats, status, uptime};
use super::one::{Data, find, tell, unknown};
use super::pricing::Pricing;
use super::summary::Summary;
use super::told::{Told, names};
use crate::catalog::{Endpoint, Model};
use crate::clock::now;
use crate::error::Error;
use crate::gateway::json;
use crate::gateway::router::Door;
use crate::standing::{Period, Standing};
use crate::wire::{Fields, Quantization};

/// A model, and who serves it.
#[derive(Serialize)]
struct Details<'a> {
    #[serde(flatten)]
    model: Told<'a>,
    endpoints: Vec<Served<'a>>,
}

/// An endpoint with every key that OpenRouter's SDKs demand.
#[derive(Serialize)]
struct Served<'a> {
    name: String,
    model_id: &'a str,
    model_name: &'a str,
    provider_name: &'a str,
    tag: &'a str,
    context_length: u64,
    max_completion_tokens: Option<u64>,
    max_prompt_tokens: Option<u64>,
    pricing: Pricing<'a>,
    quantization: &'static str,
    status: i8,
    supported_parameters: Vec<&'static str>,
    supports_implicit_caching: bool,
    supports_voice_cloning: bool,
    supports_tool_choice: ToolChoice,
    uptime_last_5m: Option<f64>,
    uptime_last_30m: Option<f64>,
    uptime_last_1d: Option<f64>,
    latency_last_30m: Option<Stats>,
    throughput_last_30m: Option<Stats>,
}

/// Every choice goes through as it came: what the provider makes of it is not known here.
#[derive(Serialize)]
struct ToolChoice {
    auto: bool,
    function: bool,
    none: bool,
    required: bool,
}

pub(in crate::gateway) async fn of_model(
    State(door): State<Door>,
    names: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response<Body> {
    json::answer(&door, request.headers(), || {
        let Path((author, slug)) = names.map_err(|_| unknown())?;
        details(&door, &format!("{author}/{slug}"))
    })
}

/// Of a model whose id has no slash, or one that is escaped.
pub(in crate::gateway) async fn of_name(
    State(door): State<Door>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    json::answer(&door, request.headers(), || {
        let Path(id) = id.map_err(|_| unknown())?;
        details(&door, &id)
    })
}

pub(in crate::gateway) async fn zdr(State(door): State<Door>, request: Request) -> Response<Body> {
    json::answer(&door, request.headers(), || {
        let (lineup, now) = (door.gateway.roster.lineup(), now());
        let models = lineup
            .catalog()
            .models()
            .iter()
            .filter(|model| !model.is_hidden());
        let data: Vec<_> = models
            .flat_map(|model| {
                model
                    .endpoints()
                    .iter()
                    .map(move |endpoint| (model, endpoint))
            })
            .filter(|(_, endpoint)| endpoint.is_zdr())
            .map(|(model, endpoint)| Served::of(model, endpoint, lineup.standing(endpoint), now))
            .collect();
        tell(&Data { data })
    })
}

fn details(door: &Door, name: &str) -> Result<String, Error> {
    let (lineup, now) = (door.gateway.roster.lineup(), now());
    let model = find(lineup.catalog(), name)?;
    let all = model.endpoints().iter();
    let data = Details {
        model: Told::of(&model, &Summary::of(&model)),
        endpoints: all
            .map(|endpoint| Served::of(&model, endpoint, lineup.standing(endpoint), now))
            .collect(),
    };
    tell(&Data { data })
}

// === impl Served ===

impl<'a> Served<'a> {
    fn of(model: &'a Model, endpoint: &'a Endpoint, standing: &Standing, now: Instant) -> Self {
        let provider = endpoint.provider().name();
        Self {
            name: format!("{provider} | {}", model.canonical_slug()),
            model_id: model.id(),
            model_name: model.name(),
            provider_name: provider,
            tag: endpoint.tag(),
            // A number is demanded.
            context_length: endpoint.context_length().unwrap_or(0),
            max_completion_tokens: endpoint.max_completion_tokens(),
            max_prompt_tokens: endpoint.max_prompt_tokens(),
            pricing: Pricing(endpoint.prices()),
            quantization: endpoint
                .quantization()
                .unwrap_or(Quantization::Unknown)
                .name(),
            status: status(standing, now),
            supported_parameters: names(endpoint.parameters().unwrap_or(Fields::NONE)),
            supports_implicit_caching: endpoint.caches_implicitly(),
            supports_voice_cloning: false,
            supports_tool_choice: ToolChoice {
                auto: true,
                function: true,
                none: true,
                required: true,
            },
            uptime_last_5m: uptime(standing, Period::FiveMinutes, now),
            uptime_last_30m: uptime(standing, Period::HalfHour, now),
            uptime_last_1d: uptime(standing, Period::Day, now),
            latency_last_30m: Stats::latency(standing, now),
            throughput_last_30m: Stats::throughput(standing, now),
        }
    }
}
