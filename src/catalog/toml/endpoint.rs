//! `[[models.<id>.endpoints]]`

use std::num::NonZeroU32;

use super::bounds::bounds;
use super::keys::pace;
use super::node::{Node, Table};
use super::prices::prices;
use crate::Price;
use crate::catalog::{BuildError, EndpointSpec, Problem};
use crate::wire::{Field, Fields, Prefill, Quantization};

pub(super) fn endpoint(table: &Table<'_>) -> Result<EndpointSpec, BuildError> {
    table.only(&[
        "provider",
        "model",
        "tag",
        "prices",
        "context_length",
        "max_completion_tokens",
        "max_prompt_tokens",
        "quantization",
        "parameters",
        "data_collection",
        "zdr",
        "own_key",
        "implicit_caching",
        "weight",
        "score",
        "rpm",
        "tpm",
        "prefill",
        "recover",
        "bounds",
    ])?;
    let provider = table.need("provider")?.string()?;
    let mut endpoint = EndpointSpec::new(provider, table.need("model")?.string()?);
    if let Some(node) = table.get("tag") {
        endpoint = endpoint.with_tag(node.string()?);
    }
    if let Some(node) = table.get("context_length") {
        endpoint = endpoint.with_context_length(node.positive()?);
    }
    if let Some(node) = table.get("max_completion_tokens") {
        endpoint = endpoint.with_max_completion_tokens(node.positive()?);
    }
    if let Some(node) = table.get("max_prompt_tokens") {
        endpoint = endpoint.with_max_prompt_tokens(node.positive()?);
    }
    if let Some(node) = table.get("prices") {
        endpoint = endpoint.with_prices(prices(&node.table()?)?);
    }
    if let Some(node) = table.get("weight") {
        endpoint = endpoint.with_weight(weight(&node)?);
    }
    if let Some(node) = table.get("score") {
        endpoint = endpoint.with_score(score(&node)?);
    }
    if let Some(node) = table.get("recover") {
        endpoint = endpoint.with_recovery(node.boolean()?);
    }
    if let Some(node) = table.get("bounds") {
        endpoint = endpoint.with_bounds(bounds(&node.table()?)?);
    }
    endpoint = endpoint.with_pace(pace(table)?);
    capabilities(table, data(table, endpoint)?)
}

/// What it may do with what it is told.
fn data(table: &Table<'_>, mut endpoint: EndpointSpec) -> Result<EndpointSpec, BuildError> {
    if let Some(node) = table.get("data_collection") {
        endpoint = endpoint.with_data_collection(node.allows()?);
    }
    if let Some(node) = table.get("zdr") {
        endpoint = endpoint.with_zdr(node.boolean()?);
    }
    if let Some(node) = table.get("own_key") {
        endpoint = endpoint.with_own_key(node.boolean()?);
    }
    Ok(endpoint)
}

fn capabilities(table: &Table<'_>, mut endpoint: EndpointSpec) -> Result<EndpointSpec, BuildError> {
    if let Some(node) = table.get("quantization") {
        let names = Quantization::ALL.map(Quantization::name);
        endpoint = endpoint.with_quantization(node.one_of(Quantization::named, names)?);
    }
    if let Some(node) = table.get("parameters") {
        endpoint = endpoint.with_parameters(parameters(node)?);
    }
    if let Some(prefill) = table.get("prefill").map(prefill).transpose()?.flatten() {
        endpoint = endpoint.with_prefill(prefill);
    }
    if let Some(node) = table.get("implicit_caching") {
        endpoint = endpoint.with_implicit_caching(node.boolean()?);
    }
    Ok(endpoint)
}

/// A way, or a boolean: true is the plainest.
fn prefill(node: Node<'_>) -> Result<Option<Prefill>, BuildError> {
    if let Ok(can) = node.boolean() {
        return Ok(can.then_some(Prefill::Message));
    }
    let names = Prefill::ALL.map(Prefill::name);
    node.one_of(Prefill::named, names).map(Some)
}

fn parameters(node: Node<'_>) -> Result<Fields, BuildError> {
    let named = |name: &str| {
        let field = Field::named(name.as_bytes())?;
        Fields::PARAMETERS.contains(field).then_some(field)
    };
    let names = || Fields::PARAMETERS.iter().map(Field::name);
    node.items()?
        .map(|item| item.one_of(named, names()))
        .collect()
}

fn weight(node: &Node<'_>) -> Result<NonZeroU32, BuildError> {
    let weight = node.positive()?;
    weight.try_into().map_err(|_| {
        node.is(Problem::NotPositive {
            text: weight.to_string().into(),
        })
    })
}

/// In thousandths.
fn score(node: &Node<'_>) -> Result<u32, BuildError> {
    let text = node.string()?;
    // Decimal text without a float in between; a price has fifteen places, a score three.
    let score = text.parse().ok().and_then(|exact: Price| {
        let (score, lost) = (exact.femtodollars() / PLACES, exact.femtodollars() % PLACES);
        u32::try_from(score)
            .ok()
            .filter(|score| lost == 0 && *score <= 1000)
    });
    score.ok_or_else(|| node.is(Problem::BadScore { text: text.into() }))
}

/// Twelve places more.
const PLACES: u64 = 1_000_000_000_000;
