//! The rules that a catalogue keeps.

use std::collections::{HashMap, HashSet};

use super::field::Field;
use super::{
    BuildError, CatalogBuilder, EndpointSpec, ModelSpec, Prices, Problem, Provider, attributes,
};

pub(super) type Checked = Result<(), BuildError>;

/// Long enough for any model that exists.
const MAX_NAME: usize = 256;
/// Whoever asks with one of them looks at all of them.
const MAX_KEYS: usize = 64;

pub(super) fn check(builder: &CatalogBuilder) -> Checked {
    let slugs = providers(builder)?;
    let ids = model_ids(&builder.models)?;
    for model in &builder.models {
        endpoints(model, &slugs)?;
        attributes::of_model(model)?;
    }
    for provider in &builder.providers {
        attributes::of_provider(provider)?;
        keys(provider)?;
    }
    aliases(&builder.models, &ids)?;
    builder
        .auto
        .as_ref()
        .map_or(Ok(()), |auto| auto.check(builder))
}

fn providers(builder: &CatalogBuilder) -> Result<HashSet<&str>, BuildError> {
    let present = builder.providers.iter().map(|provider| provider.slug());
    let absent = builder.absent.iter().map(|(slug, _)| slug.as_ref());
    let mut slugs = HashSet::new();
    for slug in present.chain(absent) {
        let field = || Field::provider(slug);
        ensure(is_slug(slug), field, || bad_name(slug))?;
        ensure(slugs.insert(slug), field, || Problem::DuplicateProvider)?;
    }
    for provider in &builder.providers {
        let (slug, name) = (provider.slug(), provider.name());
        // It may have its own for a name. What names a provider is compared without its case.
        let mut others = slugs.iter().filter(|other| **other != slug);
        let is_free = !others.any(|other| other.eq_ignore_ascii_case(name));
        let field = || Field::provider(slug).key("name");
        ensure(is_free, field, || Problem::NameIsProvider {
            name: name.into(),
        })?;
    }
    Ok(slugs)
}

fn keys(provider: &Provider) -> Checked {
    let at = || Field::provider(provider.slug()).key("keys");
    ensure(provider.keys().len() <= MAX_KEYS, at, || Problem::TooMany {
        limit: MAX_KEYS,
    })?;
    let mut labels = HashSet::new();
    for (index, key) in provider.keys().iter().enumerate() {
        let (field, label) = (|| at().item(index), key.label());
        ensure(is_slug(label), field, || bad_name(label))?;
        ensure(labels.insert(label), field, || Problem::DuplicateKey {
            name: label.into(),
        })?;
    }
    Ok(())
}

fn model_ids(models: &[ModelSpec]) -> Result<HashSet<&str>, BuildError> {
    let mut ids = HashSet::new();
    for model in models {
        let field = || Field::model(&model.id);
        ensure(is_model_name(&model.id), field, || bad_name(&model.id))?;
        ensure(ids.insert(&*model.id), field, || Problem::DuplicateModel)?;
    }
    Ok(ids)
}

fn endpoints(model: &ModelSpec, slugs: &HashSet<&str>) -> Checked {
    let at_model = || Field::model(&model.id);
    ensure(!model.endpoints.is_empty(), at_model, || {
        Problem::NoEndpoints
    })?;

    let mut tags = HashSet::new();
    for (index, endpoint) in model.endpoints.iter().enumerate() {
        let at = |key: &'static str| move || at_model().key("endpoints").item(index).key(key);
        let EndpointSpec {
            provider,
            upstream_model,
            ..
        } = endpoint;
        let tag = endpoint.tag();
        ensure(slugs.contains(&**provider), at("provider"), || {
            Problem::UnknownProvider {
                provider: provider.clone(),
            }
        })?;
        ensure(is_model_name(upstream_model), at("model"), || {
            bad_name(upstream_model)
        })?;
        ensure(is_tag(tag, provider), at("tag"), || Problem::BadTag {
            tag: tag.into(),
            provider: provider.clone(),
        })?;
        ensure(
            endpoint.prices.overrides().len() <= Prices::MAX_OVERRIDES,
            || at("prices")().key("overrides"),
            || Problem::TooMany {
                limit: Prices::MAX_OVERRIDES,
            },
        )?;
        ensure(tags.insert(tag), at("tag"), || Problem::DuplicateTag {
            tag: tag.into(),
        })?;
    }
    Ok(())
}

fn aliases(models: &[ModelSpec], ids: &HashSet<&str>) -> Checked {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for model in models {
        for (index, alias) in model.aliases.iter().enumerate() {
            let field = || Field::model(&model.id).key("aliases").item(index);
            ensure(is_model_name(alias), field, || bad_name(alias))?;
            ensure(!ids.contains(&**alias), field, || Problem::AliasIsModel {
                alias: alias.clone(),
            })?;
            if let Some(owner) = owners.insert(alias, &model.id) {
                let problem = Problem::DuplicateAlias {
                    alias: alias.clone(),
                    model: owner.into(),
                };
                return Err(BuildError::new(field(), problem));
            }
        }
    }
    Ok(())
}

pub(super) fn ensure(
    holds: bool,
    field: impl FnOnce() -> Field,
    problem: impl FnOnce() -> Problem,
) -> Checked {
    if holds {
        return Ok(());
    }
    Err(BuildError::new(field(), problem()))
}

pub(super) fn bad_name(name: &str) -> Problem {
    Problem::BadName { name: name.into() }
}

fn is_slug(slug: &str) -> bool {
    (1..=MAX_NAME).contains(&slug.len())
        && slug
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Without `@`, so that the last one in an endpoint's key ends the model.
pub(super) fn is_tag(tag: &str, provider: &str) -> bool {
    match tag.strip_prefix(provider) {
        Some("") => true,
        Some(variant) => variant.starts_with('/') && variant[1..].split('/').all(is_slug),
        None => false,
    }
}

pub(super) fn is_model_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && !name.chars().any(|c| c.is_whitespace() || c.is_control())
}
