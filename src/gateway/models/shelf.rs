//! What can be listed, told once for each catalogue.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::filter::author;
use super::summary::Summary;
use super::told::Told;
use crate::catalog::{Catalog, Model};

/// Where the rows of the catalogue in force are kept: to tell five thousand models takes longer than to send them.
#[derive(Clone, Debug, Default)]
pub(in crate::gateway) struct Shelf(Arc<Mutex<Option<Arc<Rows>>>>);

/// The rows of one catalogue, which they do not keep: it may have been replaced long before anyone asks for a list.
#[derive(Debug)]
pub(super) struct Rows {
    catalog: Weak<Catalog>,
    all: Box<[Row]>,
}

/// One model that is listed, or an alias of it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: Box<str>,
    pub(super) name: Box<str>,
    /// The place of the model in the catalogue.
    pub(super) model: usize,
    pub(super) summary: Summary,
    pub(super) json: Box<str>,
}

// === impl Shelf ===

impl Shelf {
    /// The rows of this catalogue. The first to ask for them makes them, and the others wait.
    pub(super) fn rows(&self, catalog: &Arc<Catalog>) -> Arc<Rows> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rows) = kept
            .as_ref()
            .filter(|rows| Weak::as_ptr(&rows.catalog) == Arc::as_ptr(catalog))
        {
            return rows.clone();
        }
        kept.insert(Arc::new(Rows::of(catalog))).clone()
    }
}

// === impl Rows ===

impl Rows {
    /// The models, and behind them the families in which there is a newest one to be had.
    fn of(catalog: &Arc<Catalog>) -> Self {
        let models = catalog.models().iter().enumerate();
        let models = models.filter(|(_, model)| !model.is_hidden());
        let places: HashMap<_, _> = models
            .clone()
            .map(|(place, model)| (model.id(), place))
            .collect();
        let mut members: HashMap<_, usize> = HashMap::new();
        for (_, model) in models.clone() {
            *members.entry(family(model)).or_default() += 1;
        }
        let families = catalog
            .families()
            .filter(|(_, model)| members[&family(model)] > 1);
        let models = models.map(|(place, model)| Row::of((place, model), |told| told));
        let families = families.map(|(name, model)| {
            let place = places[model.id()];
            Row::of((place, model), |told| told.by_alias(name, model))
        });
        Self {
            catalog: Arc::downgrade(catalog),
            all: models.chain(families).collect(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.all.iter()
    }
}

fn family(model: &Model) -> (&str, Option<&str>) {
    (author(model.id()), model.family())
}

// === impl Row ===

impl Row {
    fn of<'a>(
        (place, model): (usize, &'a Model),
        named: impl FnOnce(Told<'a>) -> Told<'a>,
    ) -> Self {
        let summary = Summary::of(model);
        let told = named(Told::of(model, &summary));
        Self {
            id: told.id().into(),
            name: told.name().into(),
            json: serde_json::to_string(&told)
                .expect("text and numbers are JSON")
                .into(),
            model: place,
            summary,
        }
    }
}
