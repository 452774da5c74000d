//! Prices as OpenRouter tells them.

use serde_json::{Map, Value};

use crate::catalog::{Prices, Rate};

/// Prices as decimal strings in USD per token. `"-1"` is OpenRouter's word for a price that varies; here
/// it says that none is known, since `"0"` would say free.
pub(super) fn of(prices: &Prices) -> Value {
    let mut told = Map::new();
    let demanded = [("prompt", Rate::Prompt), ("completion", Rate::Completion)];
    for (name, rate) in demanded {
        let price = prices
            .get(rate)
            .map_or("-1".to_owned(), |price| price.to_string());
        told.insert(name.into(), price.into());
    }
    let listed = [
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
    for (name, rate) in listed {
        if let Some(price) = prices.listed(rate) {
            told.insert(name.into(), price.to_string().into());
        }
    }
    told.into()
}
