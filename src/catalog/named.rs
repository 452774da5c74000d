//! Which model is it that a caller names?

use std::borrow::Cow;
use std::sync::Arc;

use super::{Catalog, Model, Task};

/// The name of the router that does what the operator's rule says.
pub(crate) const AUTO: &str = "openrouter/auto";
/// The name of the router that picks from what costs nothing.
pub(crate) const FREE: &str = "openrouter/free";

/// The suffixes that any model may have, since they say how it is asked, and not which one it is.
const SUFFIXES: [&str; 4] = ["exacto", "floor", "nitro", "online"];

/// The name without those suffixes, wherever they stand. Static variants stay, since they stand in the catalogue as they are asked
/// for.
pub(crate) fn plain(name: &str) -> Cow<'_, str> {
    let mut rest = name;
    while let Some((before, suffix)) = rest.rsplit_once(':')
        && SUFFIXES.contains(&suffix)
    {
        rest = before;
    }
    let mut parts = rest.split(':');
    let base = parts.next().unwrap_or_default();
    if !parts.clone().any(|part| SUFFIXES.contains(&part)) {
        return rest.into();
    }
    let mut entry = String::from(base);
    for part in parts.filter(|part| !SUFFIXES.contains(part)) {
        entry.push(':');
        entry.push_str(part);
    }
    entry.into()
}

// === impl Catalog ===

impl Catalog {
    /// The id of the model that a caller means by this name, be it an alias, with whatever suffixes that only order endpoints; the
    /// name itself where that is none.
    pub(crate) fn id_of<'a>(&'a self, name: &'a str) -> &'a str {
        let known = |name: &str| self.find(name).or_else(|| self.latest(name));
        let meant = known(name).or_else(|| {
            let entry = plain(name);
            known(&entry).or_else(|| self.variant_of_alias(&entry))
        });
        meant.map_or(name, |model| model.id())
    }

    /// The ids of all models that may be asked for this name: those that a router chooses from, or [the one](Self::id_of).
    pub(crate) fn ids_of<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let id = self.id_of(name);
        // The catalogue's own names come first.
        let router = plain(id);
        let ids = |models: &'a [Arc<Model>]| models.iter().map(|model| model.id());
        match &*router {
            _ if self.find(id).is_some() => vec![id],
            AUTO => self.auto().map_or_else(Vec::new, |rule| {
                let tasks = Task::ALL.into_iter().filter_map(|task| rule.task(task));
                ids(rule.models())
                    .chain(tasks.map(|model| model.id()))
                    .collect()
            }),
            FREE => ids(self.free()).collect(),
            _ => vec![id],
        }
    }

    /// `alias:free` is the `:free` of whatever the alias stands for.
    pub(crate) fn variant_of_alias(&self, name: &str) -> Option<&Arc<Model>> {
        let (base, variants) = name.split_once(':')?;
        let id = self.find(base)?.id();
        self.find(&format!("{id}:{variants}"))
    }
}
