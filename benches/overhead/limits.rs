//! What a request may cost at most: `benches/limits.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::table::Row;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/limits.toml");

/// The limits of one row, for a call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    allocations: Option<f64>,
    instructions: Option<f64>,
}

/// What is broken, a line each.
pub(crate) fn broken<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<String> {
    let text = std::fs::read_to_string(FILE).expect("the limits are part of the repository");
    let mut limits: BTreeMap<String, Limit> = toml::from_str(&text).expect("limits of rows");
    let mut broken = Vec::new();
    for row in rows {
        let Some(limit) = limits.remove(&row.what) else {
            continue;
        };
        let cost = row.cost;
        for (what, figure, limit) in [
            ("allocations", cost.allocations, limit.allocations),
            ("instructions", cost.instructions, limit.instructions),
        ] {
            // What was not counted is not within its limit.
            if limit.is_some_and(|limit| figure.is_nan() || figure > limit + 0.005) {
                let limit = limit.unwrap_or_default();
                broken.push(format!("{}: {figure:.2} {what}, not {limit}", row.what));
            }
        }
    }
    broken.extend(limits.keys().map(|what| format!("{what}: no such row")));
    broken
}
