//! `sources`, `embedded` and what goes with them.

use super::node::Table;
use crate::catalog::source::Wanted;
use crate::catalog::{BuildError, Problem};

/// The most names by which sources know one provider.
const MAX_NAMES: usize = 32;

pub(super) fn sources(root: &Table<'_>) -> Result<Wanted, BuildError> {
    let mut wanted = Wanted::default();
    if let Some(node) = root.get("sources") {
        for (index, item) in node.items()?.enumerate() {
            if index == Wanted::MAX_FILES {
                let limit = Wanted::MAX_FILES;
                return Err(item.is(Problem::TooMany { limit }));
            }
            let name = item.string()?;
            if name.is_empty() || name.contains("://") {
                return Err(item.is(Problem::NotAFile));
            }
            wanted.files.push(name.into());
        }
    }
    if let Some(node) = root.get("embedded") {
        wanted.embedded = node.boolean()?;
        if wanted.embedded && !cfg!(feature = "prices") {
            return Err(node.is(Problem::NeedsFeature { feature: "prices" }));
        }
    }
    if let Some(node) = root.get("confirm") {
        wanted.confirm = Some(node.string()?.into());
    }
    Ok(wanted)
}

/// The names by which sources know a provider.
pub(super) fn known_as(provider: &Table<'_>) -> Result<Option<Vec<Box<str>>>, BuildError> {
    let Some(node) = provider.get("prices_as") else {
        return Ok(None);
    };
    let mut names = Vec::new();
    for item in node.items()? {
        if names.len() == MAX_NAMES {
            return Err(item.is(Problem::TooMany { limit: MAX_NAMES }));
        }
        names.push(item.string()?.into());
    }
    Ok(Some(names))
}
