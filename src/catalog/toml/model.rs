//! `[models.<id>]` and its endpoints.

use toml::de::DeValue;

use super::node::{Node, Table};
use crate::Price;
use crate::catalog::{BuildError, EndpointSpec, ModelSpec, Prices, Problem, Rate};

const RATE_KEYS: [&str; Rate::ALL.len()] = {
    let mut keys = [""; Rate::ALL.len()];
    let mut index = 0;
    while index < keys.len() {
        keys[index] = Rate::ALL[index].key();
        index += 1;
    }
    keys
};

pub(super) fn model(id: &str, table: &Table<'_>) -> Result<ModelSpec, BuildError> {
    table.only(&[
        "name",
        "description",
        "created",
        "aliases",
        "context_length",
        "endpoints",
    ])?;
    let mut model = ModelSpec::new(id);
    if let Some(node) = table.get("name") {
        model = model.with_name(node.string()?);
    }
    if let Some(node) = table.get("description") {
        model = model.with_description(node.string()?);
    }
    if let Some(node) = table.get("created") {
        model = model.with_created(node.positive()?.get());
    }
    if let Some(node) = table.get("context_length") {
        model = model.with_context_length(node.positive()?);
    }
    if let Some(node) = table.get("aliases") {
        for alias in node.items()? {
            model = model.with_alias(alias.string()?);
        }
    }
    if let Some(node) = table.get("endpoints") {
        for item in node.items()? {
            model = model.endpoint(endpoint(&item.table()?)?);
        }
    }
    Ok(model)
}

fn endpoint(table: &Table<'_>) -> Result<EndpointSpec, BuildError> {
    table.only(&[
        "provider",
        "model",
        "tag",
        "prices",
        "context_length",
        "max_completion_tokens",
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
    if let Some(node) = table.get("prices") {
        endpoint = endpoint.with_prices(prices(&node.table()?)?);
    }
    Ok(endpoint)
}

fn prices(table: &Table<'_>) -> Result<Prices, BuildError> {
    table.only(&RATE_KEYS)?;
    let mut prices = Prices::unknown();
    for rate in Rate::ALL {
        if let Some(node) = table.get(rate.key()) {
            prices = prices.with(rate, price(rate, &node)?);
        }
    }
    Ok(prices)
}

fn price(rate: Rate, node: &Node<'_>) -> Result<Price, BuildError> {
    let text = match node.value {
        DeValue::Float(float) => {
            let text = float.as_str().into();
            return Err(node.is(Problem::BarePrice { text }));
        }
        DeValue::Integer(integer) => {
            let text = integer.to_string().into();
            return Err(node.is(Problem::BarePrice { text }));
        }
        _ => node.string()?,
    };
    let price = match rate.is_surcharge() {
        true => text.parse(),
        false => Price::per_million(text),
    };
    price.map_err(|error| {
        node.is(Problem::BadPrice {
            text: text.into(),
            error,
        })
    })
}
