//! From the prices of a model to a price list.

use std::collections::BTreeMap;

use super::dated::InForce;
use crate::Price;
use crate::catalog::source::sheet::Draft;
use crate::catalog::source::value::{Per, Value};
use crate::catalog::{Gap, Override, Rate};

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
pub(super) fn draft(standard: &InForce<'_>, instead: &[(String, Value<'_>)]) -> Draft {
    let mut draft = Draft::default();
    for (key, value) in standard.base.map(Value::members).unwrap_or_default() {
        if instead.iter().all(|(other, _)| *other != key) {
            add(&key, value, None, &mut draft);
        }
    }
    for (key, value) in instead {
        add(key, *value, None, &mut draft);
    }
    // By length: who crosses two thresholds pays as beyond the longer one.
    let mut long = BTreeMap::new();
    let base = standard.base.map(Value::members).unwrap_or_default();
    let base = base
        .into_iter()
        .filter(|(key, _)| instead.iter().all(|(other, _)| *other != *key));
    let all = base
        .map(|(key, value)| (key.into_owned(), value))
        .chain(instead.iter().cloned());
    for (key, value) in all {
        steps(&key, value, &mut long, &mut draft);
    }
    for (above, conditional) in long {
        draft.with_override("tiers", Override::above(conditional, above));
    }
    if instead.is_empty() {
        for (hours, list) in &standard.windows {
            let mut conditional = Override::new().during(*hours);
            for (key, value) in list.members() {
                add(&key, value, Some(&mut conditional), &mut draft);
            }
            draft.with_override("constraint", conditional);
        }
    }
    draft
}

/// A price, or the base of a tiered one.
fn add(key: &str, value: Value<'_>, conditional: Option<&mut Override>, draft: &mut Draft) {
    let value = match value.is_object() {
        true => value.get("base").unwrap_or(value),
        false => value,
    };
    match rate(key, value) {
        Err(why) => draft.gap(key, why),
        Ok((rate, price)) => match conditional {
            Some(conditional) => *conditional = std::mem::take(conditional).with(rate, price),
            None => draft.prices = std::mem::take(&mut draft.prices).with(rate, price),
        },
    }
}

fn steps(key: &str, value: Value<'_>, long: &mut BTreeMap<u64, Override>, draft: &mut Draft) {
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

fn rate(key: &str, value: Value<'_>) -> Result<(Rate, Price), Gap> {
    let known = KEYS.iter().find(|(known, ..)| *known == key);
    let (_, rate, per) = known.ok_or(Gap::Unit)?;
    Ok((*rate, value.price(*per)?))
}
