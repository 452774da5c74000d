//! From the prices of a model to a price list.

use std::collections::BTreeMap;

use super::dated::InForce;
use crate::Price;
use crate::catalog::source::sheet::Draft;
use crate::catalog::source::value::{Per, Value};
use crate::catalog::{Gap, Hours, Override, Rate};

const KEYS: [(&str, Rate, Per); 13] = [
    ("input_mtok", Rate::Prompt, Per::Million),
    ("output_mtok", Rate::Completion, Per::Million),
    ("cache_read_mtok", Rate::CacheRead, Per::Million),
    ("cache_write_mtok", Rate::CacheWrite, Per::Million),
    ("cache_write_1h_mtok", Rate::CacheWrite1h, Per::Million),
    ("output_reasoning_mtok", Rate::Reasoning, Per::Million),
    ("input_audio_mtok", Rate::Audio, Per::Million),
    ("cache_audio_read_mtok", Rate::AudioCacheRead, Per::Million),
    ("output_audio_mtok", Rate::AudioOutput, Per::Million),
    ("input_image_mtok", Rate::Image, Per::Million),
    ("output_image_mtok", Rate::ImageOutput, Per::Million),
    ("requests_kcount", Rate::Request, Per::Thousand),
    ("web_searches_kcount", Rate::WebSearch, Per::Thousand),
];

/// The list that holds, with its hours, where `instead` has no other price.
pub(super) fn draft<'a>(standard: &InForce<'a>, instead: &[(String, Value<'a>)]) -> Draft {
    let mut draft = Draft::default();
    let base = standard.base.map(|list| others(list, instead));
    let mut all = base.unwrap_or_default();
    all.extend(instead.iter().cloned());
    for (key, value) in &all {
        if let Some((rate, price)) = read(key, *value, &mut draft) {
            draft.prices = std::mem::take(&mut draft.prices).with(rate, price);
        }
    }
    for conditional in steps(&all, None, &mut draft) {
        draft.with_override("tiers", conditional);
    }
    for (hours, list) in &standard.windows {
        let list = others(*list, instead);
        let mut conditional = Override::new().during(*hours);
        for (key, value) in &list {
            if let Some((rate, price)) = read(key, *value, &mut draft) {
                conditional = conditional.with(rate, price);
            }
        }
        draft.with_override("constraint", conditional);
        // It wins over what was dearer beyond some length, and must say so anew.
        for conditional in steps(&list, Some(*hours), &mut draft) {
            draft.with_override("constraint", conditional);
        }
    }
    draft
}

/// What a list has of which there is nothing instead.
fn others<'a>(list: Value<'a>, instead: &[(String, Value<'a>)]) -> Vec<(String, Value<'a>)> {
    let members = list.members().into_iter();
    members
        .map(|(key, value)| (key.into_owned(), value))
        .filter(|(key, _)| instead.iter().all(|(other, _)| other != key))
        .collect()
}

/// A price, or the base of a tiered one.
fn read(key: &str, value: Value<'_>, draft: &mut Draft) -> Option<(Rate, Price)> {
    let value = match value.is_object() {
        true => value.get("base").unwrap_or(value),
        false => value,
    };
    match rate(key, value) {
        Ok(found) => return Some(found),
        Err(Gap::Unit) => draft.uncounted(key, value),
        Err(why) => draft.gap(key, why),
    }
    None
}

/// By length: who crosses two thresholds pays as beyond the longer one.
fn steps(list: &[(String, Value<'_>)], hours: Option<Hours>, draft: &mut Draft) -> Vec<Override> {
    let mut long = BTreeMap::<u64, Override>::new();
    for (key, value) in list {
        for step in value.get("tiers").map(Value::items).unwrap_or_default() {
            let start = step.get("start").and_then(Value::integer);
            let price = step.get("price").ok_or(Gap::Unreadable);
            match (start, price.and_then(|price| rate(key, price))) {
                (Some(start), Ok((rate, price))) => {
                    let conditional = long.entry(start).or_default();
                    *conditional = std::mem::take(conditional).with(rate, price);
                }
                (_, Err(why)) => draft.gap(&format!("{key}.tiers"), why),
                (None, _) => draft.gap(&format!("{key}.tiers"), Gap::Unreadable),
            }
        }
    }
    let at_hours = |conditional: Override| match hours {
        Some(hours) => conditional.during(hours),
        None => conditional,
    };
    long.into_iter()
        .map(|(above, conditional)| at_hours(conditional.above(above)))
        .collect()
}

fn rate(key: &str, value: Value<'_>) -> Result<(Rate, Price), Gap> {
    let known = KEYS.iter().find(|(known, ..)| *known == key);
    let (_, rate, per) = known.ok_or(Gap::Unit)?;
    Ok((*rate, value.price(*per)?))
}
