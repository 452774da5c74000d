//! `tiered_pricing`: a table of prices by the length of the prompt.

use super::dimension::{Dimension, Meaning, meaning};
use crate::catalog::source::sheet::Draft;
use crate::catalog::source::value::{Per, Value};
use crate::catalog::{Gap, Override};

const NAME: &str = "tiered_pricing";

/// Puts the table on the list: a prompt pays for all its tokens as the step says whose `range` it is in, beyond its
/// beginning and up to its end; the last step has no end.
pub(super) fn apply(table: Value<'_>, draft: &mut Draft) {
    let mut steps = Vec::new();
    for step in table.items() {
        let range = step.get("range").map(Value::items).unwrap_or_default();
        match range.first().and_then(|from| from.integer()) {
            Some(from) => steps.push((from, step)),
            None => return draft.gap(NAME, Gap::Unit),
        }
    }
    steps.sort_by_key(|(from, _)| *from);
    for (from, step) in steps {
        let mut conditional = Override::new().above(from);
        for (name, value) in step.members() {
            let Meaning::Price(Dimension {
                rate,
                tier: None,
                above: None,
            }) = meaning(&name)
            else {
                match meaning(&name) {
                    Meaning::Nothing => {}
                    _ => draft.uncounted(&format!("{NAME}.{name}"), value),
                }
                continue;
            };
            match value.price(Per::One) {
                Ok(price) if from == 0 => {
                    draft.prices = std::mem::take(&mut draft.prices).with(rate, price);
                }
                Ok(price) => conditional = conditional.with(rate, price),
                Err(why) => draft.gap(&format!("{NAME}.{name}"), why),
            }
        }
        if from > 0 {
            draft.with_override(NAME, conditional);
        }
    }
}
