//! What a source says, in the catalogue's own words.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use super::name::folded;
use super::value::{Per, Value};
use super::{Gap, Report, Skipped};
use crate::Price;
use crate::catalog::check::{is_model_name, is_tag};
use crate::catalog::{ModelSpec, Override, Prices, Rate, attributes};

/// The models of one source. A layer: it is put under others, and never changed by them.
#[derive(Debug)]
pub(super) struct Sheet {
    /// The rows that were taken, each with the models that it tells of.
    pub(super) rows: Vec<Vec<ModelSpec>>,
    pub(super) report: Report,
    /// When it will say something else, since a price begins to hold.
    pub(super) until: Option<SystemTime>,
    listed: HashSet<String>,
    /// How many endpoints it has listed for each model.
    endpoints: HashMap<String, usize>,
}

/// A price list in the making, with what could not be put on it.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) prices: Prices,
    pub(super) gaps: Vec<(Box<str>, Gap)>,
    /// Does it cost something by a unit that is not counted?
    pub(super) uncounted: bool,
}

/// Ten times as many as the largest source has.
const MAX_ROWS: usize = 50_000;
/// Ten times as many as any model has: each is looked at for each request, and compared with those of other layers.
const MAX_ENDPOINTS: usize = 1_000;

// === impl Sheet ===

impl Sheet {
    pub(super) fn new(report: Report) -> Self {
        Sheet {
            rows: Vec::new(),
            report,
            until: None,
            listed: HashSet::new(),
            endpoints: HashMap::new(),
        }
    }

    pub(super) fn skip(&mut self, why: Skipped) {
        self.report.skip(why);
    }

    /// Takes a row, with its gaps, unless its names are not fit or it says only what another has said.
    pub(super) fn take(&mut self, mut row: Vec<ModelSpec>, gaps: Vec<(Box<str>, Gap)>) {
        if self.rows.len() >= MAX_ROWS {
            return self.skip(Skipped::Bound);
        }
        row.retain(is_fit);
        row.iter_mut().for_each(without_unfit);
        if row.is_empty() {
            return self.skip(Skipped::Name);
        }
        let mut full = false;
        row.retain_mut(|model| self.is_new(model, &mut full));
        let Some(first) = row.first() else {
            return self.skip(match full {
                true => Skipped::Bound,
                false => Skipped::Duplicate,
            });
        };
        for (dimension, why) in gaps {
            self.report.gap(&first.id, &dimension, why);
        }
        self.report.take();
        self.rows.push(row);
    }

    /// Is anything of it left once what is listed already is left out? If there is too much, it is `full`.
    fn is_new(&mut self, model: &mut ModelSpec, full: &mut bool) -> bool {
        let (id, listed) = (folded(&model.id), &mut self.listed);
        if model.endpoints.is_empty() {
            return listed.insert(id);
        }
        let count = self.endpoints.entry(id.clone()).or_default();
        model.endpoints.retain(|endpoint| {
            let room = *count < MAX_ENDPOINTS;
            let new = room && listed.insert(format!("{id}@{}", endpoint.tag()));
            *full |= !room;
            *count += usize::from(new);
            new
        });
        !model.endpoints.is_empty()
    }
}

/// What is only told and not well-formed is not told.
fn without_unfit(model: &mut ModelSpec) {
    if attributes::of_model(model).is_err() {
        model.canonical_slug = None;
        model.hugging_face_id = None;
        model.expires = None;
        model.family = None;
    }
}

/// Would a catalogue take these names?
fn is_fit(model: &ModelSpec) -> bool {
    let endpoints = model.endpoints.iter();
    let mut unfit = endpoints.filter(|endpoint| {
        let upstream = &endpoint.upstream_model;
        !is_tag(endpoint.tag(), &endpoint.provider)
            || !(upstream.is_empty() || is_model_name(upstream))
    });
    is_model_name(&model.id) && unfit.next().is_none()
}

/// Is it a price, and not nothing?
pub(super) fn costs(value: Value<'_>) -> bool {
    value.price(Per::One).is_ok_and(|price| !price.is_zero())
}

// === impl Draft ===

impl Draft {
    pub(super) fn gap(&mut self, dimension: &str, why: Gap) {
        self.gaps.push((dimension.into(), why));
    }

    pub(super) fn with_override(&mut self, dimension: &str, conditional: Override) {
        if self.prices.overrides().len() == Prices::MAX_OVERRIDES {
            return self.gap(dimension, Gap::Bound);
        }
        let prices = std::mem::take(&mut self.prices);
        self.prices = prices.with_override(conditional);
    }

    /// What a price is for has no rate here.
    pub(super) fn uncounted(&mut self, dimension: &str, value: Value<'_>) {
        self.uncounted |= costs(value);
        self.gap(dimension, Gap::Unit);
    }

    /// The prices, once all are there. Who asks for nothing by the token, and for something by the image or the second,
    /// is not free: what a request costs there is not known.
    pub(super) fn settle(&mut self) {
        let is_free = |rate| self.prices.listed(rate).is_none_or(Price::is_zero);
        let free = [Rate::Prompt, Rate::Completion, Rate::Request].into_iter();
        if self.uncounted && free.clone().all(is_free) {
            self.prices = Prices::unknown();
        }
    }

    /// Likewise; tells it where nothing is known of what every request has.
    pub(super) fn finish(&mut self) {
        self.settle();
        if self.prices.prompt().is_none() && self.prices.completion().is_none() {
            self.gap("prompt", Gap::Missing);
        }
    }
}
