//! OpenRouter's `pricing` object.

use crate::Price;
use crate::catalog::source::sheet::Draft;
use crate::catalog::source::value::{Per, Value, weekdays};
use crate::catalog::{Gap, Hours, Override, Rate};

/// The list. A `discount` is in the prices already.
pub(super) fn draft(pricing: Option<Value<'_>>) -> Draft {
    let mut draft = Draft::default();
    for (key, value) in pricing.map(Value::members).unwrap_or_default() {
        match &*key {
            "discount" => {}
            "overrides" => {
                for entry in value.items() {
                    add_override(entry, &mut draft);
                }
            }
            key => match rate(key, value) {
                Some(Ok((rate, price))) if says_nothing(rate, price) => {}
                Some(Ok((rate, price))) => {
                    draft.prices = std::mem::take(&mut draft.prices).with(rate, price);
                }
                Some(Err(why)) => draft.gap(key, why),
                None => draft.uncounted(key, value),
            },
        }
    }
    draft.finish();
    draft
}

fn rate(key: &str, value: Value<'_>) -> Option<Result<(Rate, Price), Gap>> {
    let rate = Rate::ALL
        .into_iter()
        .find(|rate| rate.openrouter_key() == key)?;
    Some(value.price(Per::One).map(|price| (rate, price)))
}

/// Reasoning is billed as what is written; its zero is that of a rate which is not apart.
fn says_nothing(rate: Rate, price: Price) -> bool {
    rate == Rate::Reasoning && price.is_zero()
}

/// An entry with a condition that is not known would hold too often, and is left out.
fn add_override(entry: Value<'_>, draft: &mut Draft) {
    let mut conditional = Override::new();
    let (mut start, mut end) = (None, None);
    for (key, value) in entry.members() {
        let hhmm = || value.integer().and_then(|hhmm| u16::try_from(hhmm).ok());
        match &*key {
            "min_prompt_tokens" => match value.integer() {
                Some(tokens) => conditional = conditional.above(tokens),
                None => return draft.gap("overrides.min_prompt_tokens", Gap::Unreadable),
            },
            "utc_start" => start = Some(hhmm()),
            "utc_end" => end = Some(hhmm()),
            "utc_days" if value.is_null() => {}
            "utc_days" => match weekdays(value).filter(|days| !days.is_empty()) {
                Some(days) => conditional = conditional.on(&days),
                None => return draft.gap("overrides.utc_days", Gap::Unreadable),
            },
            key => match rate(key, value) {
                Some(Ok((rate, price))) if says_nothing(rate, price) => {}
                Some(Ok((rate, price))) => conditional = conditional.with(rate, price),
                Some(Err(why)) => draft.gap(&format!("overrides.{key}"), why),
                None => return draft.gap(&format!("overrides.{key}"), Gap::Condition),
            },
        }
    }
    match (start, end) {
        (None, None) => {}
        (Some(Some(start)), Some(Some(end))) => match Hours::hhmm(start, end) {
            Ok(hours) => conditional = conditional.during(hours),
            Err(_) => return draft.gap("overrides.utc_start", Gap::Unreadable),
        },
        _ => return draft.gap("overrides.utc_start", Gap::Unreadable),
    }
    draft.with_override("overrides", conditional);
}
