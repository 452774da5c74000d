//! Prices as OpenRouter tells them.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::Price;
use crate::catalog::{Override, Prices, Rate, Weekday};

/// Prices as decimal strings in USD per token. `"-1"` is OpenRouter's word for a price that varies; here
/// it says that none is known, since `"0"` would say free.
#[derive(Debug)]
pub(super) struct Pricing<'a>(pub(super) &'a Prices);

/// Prices that hold under conditions.
#[derive(Debug)]
struct Conditional<'a>(&'a Override);

const DEMANDED: [Rate; 2] = [Rate::Prompt, Rate::Completion];

// === impl Pricing ===

impl Serialize for Pricing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut told = serializer.serialize_map(None)?;
        for rate in DEMANDED {
            match self.0.get(rate) {
                Some(price) => told.serialize_entry(rate.openrouter_key(), &price)?,
                None => told.serialize_entry(rate.openrouter_key(), "-1")?,
            }
        }
        list(&mut told, |rate| {
            let told = DEMANDED.contains(&rate);
            self.0.listed(rate).filter(|_| !told)
        })?;
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
            let names: Vec<_> = days.into_iter().map(Weekday::openrouter_name).collect();
            told.serialize_entry("utc_days", &names)?;
        }
        list(&mut told, |rate| self.0.listed(rate))?;
        told.end()
    }
}

fn list<M: SerializeMap>(
    told: &mut M,
    listed: impl Fn(Rate) -> Option<Price>,
) -> Result<(), M::Error> {
    for rate in Rate::ALL {
        if let Some(price) = listed(rate) {
            told.serialize_entry(rate.openrouter_key(), &price)?;
        }
    }
    Ok(())
}
