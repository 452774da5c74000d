//! One layer over another.

use std::collections::{HashMap, HashSet};

use super::Skipped;
use super::fill::{Called, called, complete, fill, name_endpoints};
use super::name::folded;
use super::sheet::Sheet;
use crate::catalog::check::is_model_name;
use crate::catalog::{EndpointSpec, ModelSpec};

/// A model as the layers so far describe it, the uppermost first.
struct Entry {
    model: ModelSpec,
    /// Other names, to be had if nobody else has them.
    aliases: Vec<Box<str>>,
    /// The rows that told of it, by sheet and place.
    rows: Vec<(usize, usize)>,
    /// The sheet that is being laid under it, and how many endpoints it had before.
    under: (usize, usize),
}

/// The operator's models, and under them those of the sheets, in order. What a layer says, no layer below it changes.
///
/// Models are the same if their ids are but for case, dots and dashes; the uppermost spelling stays, the others become
/// aliases. Rows that come to nothing are taken back in the report of their sheet.
pub(super) fn merge(own: Vec<ModelSpec>, sheets: &mut [Sheet]) -> Vec<ModelSpec> {
    let mut taken: HashMap<Box<str>, usize> = HashMap::new();
    for (place, model) in own.iter().enumerate() {
        taken.extend(model.aliases.iter().map(|alias| (alias.clone(), place)));
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    let own_models = own.len();
    for model in own {
        places.entry(folded(&model.id)).or_insert(entries.len());
        entries.push(Entry {
            model,
            aliases: Vec::new(),
            rows: Vec::new(),
            under: (usize::MAX, 0),
        });
    }
    let mut shadowed = HashSet::new();
    for (sheet, layer) in sheets.iter_mut().enumerate() {
        complete_by_name(&mut entries, layer);
        for (row, models) in std::mem::take(&mut layer.rows).into_iter().enumerate() {
            for mut model in models {
                let known = places.get(&folded(&model.id));
                // Another spelling of its own model may be its alias.
                if taken
                    .get(&model.id)
                    .is_some_and(|owner| known != Some(owner))
                {
                    shadowed.insert((sheet, row));
                    continue;
                }
                let place = *places.entry(folded(&model.id)).or_insert(entries.len());
                let mut aliases = std::mem::take(&mut model.aliases);
                match entries.get_mut(place) {
                    Some(entry) => {
                        aliases.push(model.id.clone());
                        entry.aliases.append(&mut aliases);
                        entry.rows.push((sheet, row));
                        if entry.under.0 != sheet {
                            entry.under = (sheet, entry.model.endpoints.len());
                        }
                        fill(&mut entry.model, entry.under.1, model);
                    }
                    None => entries.push(Entry {
                        model,
                        aliases,
                        rows: vec![(sheet, row)],
                        under: (sheet, 0),
                    }),
                }
            }
        }
        layer.rows = vec![Vec::new(); layer.report.taken()];
    }
    settle(&mut entries, sheets, &shadowed, own_models);
    with_aliases(entries)
}

/// An endpoint that says by which name its provider is asked has the price of that name, whatever the model is called
/// here: `gpt-4o` may be asked for as `gpt-4o-2024-05-13`, which costs twice as much.
fn complete_by_name(entries: &mut [Entry], layer: &Sheet) {
    let mut known: HashMap<Called, &EndpointSpec> = HashMap::new();
    for endpoint in layer.rows.iter().flatten().flat_map(|row| &row.endpoints) {
        if let Some(called) = called(endpoint) {
            known.entry(called).or_insert(endpoint);
        }
    }
    let endpoints = entries
        .iter_mut()
        .flat_map(|entry| &mut entry.model.endpoints);
    for endpoint in endpoints.filter(|endpoint| endpoint.prices.is_unknown()) {
        let found = called(endpoint).and_then(|called| known.get(&called));
        if let Some(below) = found {
            complete(endpoint, (*below).clone());
        }
    }
}

/// Leaves out what nobody serves, and takes back the rows that told of nothing else.
fn settle(
    entries: &mut Vec<Entry>,
    sheets: &mut [Sheet],
    shadowed: &HashSet<(usize, usize)>,
    own: usize,
) {
    let mut in_force = HashSet::new();
    let mut unnamed = HashSet::new();
    let mut place = 0;
    entries.retain_mut(|entry| {
        let left_out = name_endpoints(&mut entry.model);
        let served = !entry.model.endpoints.is_empty();
        match served {
            true => in_force.extend(entry.rows.iter().copied()),
            false if left_out => unnamed.extend(entry.rows.iter().copied()),
            false => {}
        }
        place += 1;
        // That of the operator stays, so that it is told what is wrong with it.
        served || place <= own
    });
    for (sheet, layer) in sheets.iter_mut().enumerate() {
        for row in (0..layer.rows.len()).map(|row| (sheet, row)) {
            if in_force.contains(&row) {
                continue;
            }
            layer.report.retract(match row {
                row if unnamed.contains(&row) => Skipped::Unnamed,
                row if shadowed.contains(&row) => Skipped::Shadowed,
                _ => Skipped::Unserved,
            });
        }
    }
}

fn with_aliases(entries: Vec<Entry>) -> Vec<ModelSpec> {
    let all = entries.iter().map(|entry| &entry.model);
    let mut names: HashSet<Box<str>> = all
        .flat_map(|model| std::iter::once(&model.id).chain(&model.aliases))
        .cloned()
        .collect();
    let with_own = |mut entry: Entry| {
        for alias in entry.aliases {
            if is_model_name(&alias) && names.insert(alias.clone()) {
                entry.model.aliases.push(alias);
            }
        }
        entry.model
    };
    entries.into_iter().map(with_own).collect()
}
