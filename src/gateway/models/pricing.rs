//! Prices as OpenRouter tells them.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::Price;
use crate::catalog::{Override, Prices, Rate, Weekday};

/// Prices as decimal strings in USD per token. `"-1"` is OpenRouter's word for a price that varies; here
/// it says that none is known, since `"0"` would say free.
#[derive(Debug)]
pub(super) struct Pricing<'a>(pub(super) &'a Prices);

/// Prices that hold under conditions. `utc_days` is ours.
#[derive(Debug)]
struct Conditional<'a>(&'a Override);

const DEMANDED: [(&str, Rate); 2] = [("prompt", Rate::Prompt), ("completion", Rate::Completion)];

const LISTED: [(&str, Rate); 12] = [
    ("request", Rate::Request),
    ("input_cache_read", Rate::CacheRead),
    ("input_cache_write", Rate::CacheWrite),
    ("input_cache_write_1h", Rate::CacheWrite1h),
    ("internal_reasoning", Rate::Reasoning),
    ("audio", Rate::Audio),
    ("input_audio_cache", Rate::AudioCacheRead),
    ("audio_output", Rate::AudioOutput),
    ("image_token", Rate::Image),
    ("image_output", Rate::ImageOutput),
    ("image", Rate::ImageUnit),
    ("web_search", Rate::WebSearch),
];

// === impl Pricing ===

impl Serialize for Pricing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut told = serializer.serialize_map(None)?;
        for (name, rate) in DEMANDED {
            match self.0.get(rate) {
                Some(price) => told.serialize_entry(name, &price)?,
                None => told.serialize_entry(name, "-1")?,
            }
        }
        list(&mut told, &LISTED, |rate| self.0.listed(rate))?;
        let overrides: Vec<_> = self.0.overrides().iter().map(Conditional).collect();
        if !overrides.is_empty() {
            told.serialize_entry("overrides", &overrides)?;
        }
        told.end()
    }
}

// === impl Conditional ===

impl Serialize for Conditional<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut told = serializer.serialize_map(None)?;
        if let Some(tokens) = self.0.min_prompt_tokens() {
            told.serialize_entry("min_prompt_tokens", &tokens)?;
        }
        if let Some(hours) = self.0.hours() {
            told.serialize_entry("utc_start", &hours.start())?;
            told.serialize_entry("utc_end", &hours.end())?;
        }
        if let Some(days) = self.0.days() {
            let names: Vec<_> = days.into_iter().map(Weekday::name).collect();
            told.serialize_entry("utc_days", &names)?;
        }
        for rates in [&DEMANDED[..], &LISTED] {
            list(&mut told, rates, |rate| self.0.listed(rate))?;
        }
        told.end()
    }
}

fn list<M: SerializeMap>(
    told: &mut M,
    rates: &[(&str, Rate)],
    listed: impl Fn(Rate) -> Option<Price>,
) -> Result<(), M::Error> {
    for (name, rate) in rates {
        if let Some(price) = listed(*rate) {
            told.serialize_entry(name, &price)?;
        }
    }
    Ok(())
}
