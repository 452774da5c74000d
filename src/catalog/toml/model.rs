//! `[models.<id>]`

use std::num::NonZeroU64;
use std::time::Duration;

use super::bounds::bounds;
use super::endpoint::endpoint;
use super::node::{Node, Table};
use crate::catalog::{BuildError, ContentPolicy, ModelDeadlines, ModelSpec, Strategy};
use crate::wire::{Modalities, Modality};

pub(super) fn model(id: &str, table: &Table<'_>) -> Result<ModelSpec, BuildError> {
    table.only(&[
        "name",
        "description",
        "created",
        "aliases",
        "context_length",
        "endpoints",
        "canonical_slug",
        "family",
        "input",
        "output",
        "distillable",
        "moderated",
        "hidden",
        "expiration_date",
        "hugging_face_id",
        "strategy",
        "recover",
        "content_policy",
        "deadlines",
        "hedge",
        "bounds",
    ])?;
    let mut model = ModelSpec::new(id);
    if let Some(node) = table.get("context_length") {
        model = model.with_context_length(node.positive()?);
    }
    if let Some(node) = table.get("input") {
        model = model.with_input(modalities(node)?);
    }
    if let Some(node) = table.get("output") {
        model = model.with_output(modalities(node)?);
    }
    if let Some(node) = table.get("bounds") {
        model = model.with_bounds(bounds(&node.table()?)?);
    }
    if table.is("distillable")? {
        model = model.distillable();
    }
    if let Some(node) = table.get("moderated") {
        model = model.moderated(node.boolean()?);
    }
    if table.is("hidden")? {
        model = model.hidden();
    }
    if let Some(node) = table.get("deadlines") {
        model = model.with_deadlines(deadlines(&node.table()?)?);
    }
    if table.is("hedge")? {
        model = model.hedged();
    }
    if let Some(node) = table.get("recover") {
        model = model.with_recovery(node.boolean()?);
    }
    if let Some(node) = table.get("strategy") {
        let names = Strategy::ALL.map(Strategy::name);
        model = model.with_strategy(node.one_of(Strategy::named, names)?);
    }
    if let Some(node) = table.get("content_policy") {
        let names = ContentPolicy::ALL.map(ContentPolicy::name);
        model = model.with_content_policy(node.one_of(ContentPolicy::named, names)?);
    }
    model = told(table, names(table, model)?)?;
    if let Some(node) = table.get("endpoints") {
        for item in node.items()? {
            model = model.endpoint(endpoint(&item.table()?)?);
        }
    }
    Ok(model)
}

fn deadlines(table: &Table<'_>) -> Result<ModelDeadlines, BuildError> {
    table.only(&["headers_ms", "first_token_ms", "fail_over_ms", "idle_ms"])?;
    let millis = |key| {
        let number = table.get(key).map(|node| node.positive()).transpose()?;
        Ok(number.map(NonZeroU64::get).map(Duration::from_millis))
    };
    Ok(ModelDeadlines {
        headers: millis("headers_ms")?,
        first_token: millis("first_token_ms")?,
        fail_over: millis("fail_over_ms")?,
        idle: millis("idle_ms")?,
    })
}

/// What else it is called.
fn names(table: &Table<'_>, mut model: ModelSpec) -> Result<ModelSpec, BuildError> {
    if let Some(node) = table.get("aliases") {
        for alias in node.items()? {
            model = model.with_alias(alias.string()?);
        }
    }
    if let Some(node) = table.get("canonical_slug") {
        model = model.with_canonical_slug(node.string()?);
    }
    if let Some(node) = table.get("family") {
        model = model.with_family(node.string()?);
    }
    if let Some(node) = table.get("hugging_face_id") {
        model = model.with_hugging_face_id(node.string()?);
    }
    Ok(model)
}

/// What is only for people.
fn told(table: &Table<'_>, mut model: ModelSpec) -> Result<ModelSpec, BuildError> {
    if let Some(node) = table.get("name") {
        model = model.with_name(node.string()?);
    }
    if let Some(node) = table.get("description") {
        model = model.with_description(node.string()?);
    }
    if let Some(node) = table.get("created") {
        model = model.with_created(node.positive()?.get());
    }
    if let Some(node) = table.get("expiration_date") {
        model = model.with_expiration_date(&node.date()?);
    }
    Ok(model)
}

fn modalities(node: Node<'_>) -> Result<Modalities, BuildError> {
    let names = || Modality::ALL.map(Modality::name);
    node.items()?
        .map(|item| item.one_of(Modality::named, names()))
        .collect()
}
