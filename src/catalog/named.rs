//! Which model is it that a caller names?

use std::borrow::Cow;

use super::Catalog;

// === impl Catalog ===

impl Catalog {
    /// The id of the model that a caller means by this name, be it an alias, with whatever suffixes behind it that only order
    /// endpoints; the name itself where that is none.
    pub(crate) fn id_of<'a>(&'a self, name: &'a str) -> &'a str {
        let known = |name: &str| self.find(name).or_else(|| self.latest(name));
        if let Some(model) = known(name) {
            return model.id();
        }
        let Some((base, suffixes)) = name.split_once(':') else {
            return name;
        };
        let Some(model) = known(base) else {
            return name;
        };
        let mut id = Cow::Borrowed(model.id());
        let mut meant = model;
        for suffix in suffixes.split(':') {
            // Those that make another model stand in the catalogue.
            let longer = format!("{id}:{suffix}");
            if let Some(model) = self.find(&longer) {
                (id, meant) = (longer.into(), model);
            }
        }
        meant.id()
    }
}
