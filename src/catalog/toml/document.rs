//! `switchtower.toml`, read key by key.

use std::time::SystemTime;

use toml::de::DeTable;

use super::auto::auto;
use super::hold::hold;
use super::limits::limit;
use super::model::model;
use super::node::{Table, offset};
use super::sources::{known_as, sources};
use super::unknown::unknown_prices;
use crate::catalog::source::{Files, Wanted, gather};
use crate::catalog::{BuildError, Catalog, CatalogBuilder, LoadError, Problem};

/// What becomes of a provider whose key is not in the environment?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog) enum Keyless {
    Refused,
    Dropped,
}

pub(super) struct Reader<F> {
    pub(super) env: F,
    pub(super) keyless: Keyless,
}

pub(in crate::catalog) fn read(
    text: &str,
    file: &str,
    env: impl Fn(&str) -> Option<String>,
    keyless: Keyless,
    files: Files<'_>,
    wall: SystemTime,
) -> Result<(Catalog, Wanted), LoadError> {
    let root = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().into();
        LoadError::at(file, text, at, <_>::default(), Problem::Syntax { message })
    })?;
    let at = |error: BuildError| {
        let (field, problem) = error.into_parts();
        let at = offset(root.get_ref(), &field, problem.is_the_key());
        LoadError::at(file, text, at, field, problem)
    };
    let reader = Reader { env, keyless };
    let (builder, wanted) = reader.document(&Table::root(root.get_ref())).map_err(at)?;
    let mut builder = builder.revision_of(text);
    if !wanted.is_empty() {
        builder = gather(builder, &wanted, files, wall, at)?;
    }
    Ok((builder.build().map_err(at)?, wanted))
}

// === impl Reader ===

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn document(&self, root: &Table<'_>) -> Result<(CatalogBuilder, Wanted), BuildError> {
        root.only(&[
            "providers",
            "models",
            "auto",
            "limits",
            "hold",
            "max_debt",
            "sources",
            "embedded",
            "confirm",
            "unknown_prices",
        ])?;
        let mut wanted = sources(root)?;
        let mut builder = CatalogBuilder::default();
        if let Some(node) = root.get("unknown_prices") {
            builder = builder.unknown_prices(unknown_prices(node)?);
        }
        if let Some(providers) = root.get("providers") {
            for (slug, node) in providers.table()?.in_order() {
                let table = node.table()?;
                if let Some(names) = known_as(&table)? {
                    wanted.known_as.insert(slug.into(), names);
                }
                builder = self.provider(slug, &table, builder)?;
            }
        }
        if let Some(models) = root.get("models") {
            for (id, node) in models.table()?.in_order() {
                builder = builder.model(model(id, &node.table()?)?);
            }
        }
        if let Some(node) = root.get("auto") {
            builder = builder.auto(auto(&node.table()?)?);
        }
        if let Some(node) = root.get("limits") {
            for node in node.items()? {
                builder = builder.limit(limit(&node.table()?)?);
            }
        }
        if let Some(policy) = hold(root)? {
            builder = builder.hold(policy);
        }
        Ok((builder, wanted))
    }
}
