//! What a request may cost at most: `benches/limits.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::table::Row;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/limits.toml");

/// The limits of one row.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    // A call.
    allocations: Option<f64>,
    // As a multiple of the yardstick's.
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
        let mut check = |what, figure: f64, limit: Option<f64>| {
            // What was not counted is not within its limit.
            if let Some(limit) = limit
                && (figure.is_nan() || figure > limit + 0.005)
            {
                broken.push(format!("{}: {figure:.2} {what}, not {limit}", row.what));
            }
        };
        check("allocations", row.cost.allocations, limit.allocations);
        check(
            "× the yardstick's instructions",
            row.instructions(),
            limit.instructions,
        );
    }
    broken.extend(limits.keys().map(|what| format!("{what}: no such row")));
    broken
}
