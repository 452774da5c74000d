//! What the names of LiteLLM's prices mean: `<base>[_above_<N>[k]_tokens][_<tier>]`.

use crate::catalog::{Gap, Rate};
use crate::wire::Tier;

/// What is a member of a row about?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A price that a list can have.
    Price(Dimension),
    /// A price that no list can have.
    Gap(Gap),
    /// No price.
    Nothing,
}

/// Which price is it?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dimension {
    pub(super) rate: Rate,
    /// Of which tier; none for what everybody pays.
    pub(super) tier: Option<Tier>,
    /// Only for prompts of more tokens than this.
    pub(super) above: Option<u64>,
}

const BASES: [(&str, Rate); 14] = [
    ("input_cost_per_token", Rate::Prompt),
    ("output_cost_per_token", Rate::Completion),
    ("cache_read_input_token_cost", Rate::CacheRead),
    ("input_cost_per_token_cache_hit", Rate::CacheRead),
    ("cache_creation_input_token_cost", Rate::CacheWrite),
    (
        "cache_creation_input_token_cost_above_1hr",
        Rate::CacheWrite1h,
    ),
    ("output_cost_per_reasoning_token", Rate::Reasoning),
    ("input_cost_per_audio_token", Rate::Audio),
    ("cache_read_input_audio_token_cost", Rate::AudioCacheRead),
    ("output_cost_per_audio_token", Rate::AudioOutput),
    ("input_cost_per_image_token", Rate::Image),
    ("output_cost_per_image_token", Rate::ImageOutput),
    ("input_cost_per_request", Rate::Request),
    ("input_cost_per_image", Rate::ImageUnit),
];

const TIERS: [(&str, Result<Tier, Gap>); 6] = [
    ("_priority", Ok(Tier::Priority)),
    ("_flex", Ok(Tier::Flex)),
    ("_batches", Err(Gap::Batch)),
    ("_balanced", Err(Gap::Tier)),
    ("_ultrafast", Err(Gap::Tier)),
    ("_decisions", Err(Gap::Tier)),
];

/// Multipliers and allowances, which change prices without being one.
const CONDITIONS: [&str; 5] = [
    "provider_specific_entry",
    "regional_endpoint_uplift_multiplier",
    "regional_processing_uplift_multiplier_eu",
    "regional_processing_uplift_multiplier_us",
    "search_free_requests",
];

pub(super) fn meaning(name: &str) -> Meaning {
    if CONDITIONS.contains(&name) {
        return Meaning::Gap(Gap::Condition);
    }
    if !name.contains("cost") {
        return Meaning::Nothing;
    }
    let (mut base, mut tier, mut above) = (name, None, None);
    // The order of the two suffixes varies.
    for _ in 0..2 {
        if let (None, Some((rest, found))) = (tier, split_tier(base)) {
            (base, tier) = (rest, Some(found));
        }
        if let (None, Some((rest, tokens))) = (above, split_above(base)) {
            (base, above) = (rest, Some(tokens));
        }
    }
    let known = BASES.iter().find(|(known, _)| *known == base);
    match (known, tier.transpose()) {
        (_, Err(why)) => Meaning::Gap(why),
        (None, _) => Meaning::Gap(Gap::Unit),
        (Some(&(_, rate)), Ok(tier)) => Meaning::Price(Dimension { rate, tier, above }),
    }
}

fn split_tier(name: &str) -> Option<(&str, Result<Tier, Gap>)> {
    TIERS
        .iter()
        .find_map(|(suffix, tier)| Some((name.strip_suffix(suffix)?, *tier)))
}

fn split_above(name: &str) -> Option<(&str, u64)> {
    let (base, tokens) = name.strip_suffix("_tokens")?.rsplit_once("_above_")?;
    let (digits, thousands) = match tokens.strip_suffix('k') {
        Some(digits) => (digits, 1_000),
        None => (tokens, 1),
    };
    Some((base, digits.parse::<u64>().ok()?.checked_mul(thousands)?))
}
