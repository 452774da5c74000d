//! `usage` as OpenRouter tells it: tokens, and money to the last digit.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::money::Money;
use crate::settle::Record;

#[derive(Serialize)]
struct Told {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    // A number or nothing: of embeddings strict clients take no null.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Money>,
    is_byok: bool,
    prompt_tokens_details: Read,
    cost_details: Costs,
    completion_tokens_details: Written,
}

#[derive(Serialize)]
struct Read {
    cached_tokens: u64,
    cache_write_tokens: u64,
    audio_tokens: u64,
}

#[derive(Serialize)]
struct Written {
    reasoning_tokens: u64,
    audio_tokens: u64,
}

#[derive(Serialize)]
struct Costs {
    upstream_inference_cost: Option<Money>,
    upstream_inference_prompt_cost: Money,
    upstream_inference_completions_cost: Money,
}

/// The `usage` of a request that has been settled, as JSON.
pub(super) fn of(record: &Record) -> String {
    let usage = &record.usage;
    let last = record.attempts.last();
    let cost = last.and_then(|last| last.cost.amount);
    let prompt = last.and_then(|last| last.prompt_cost).unwrap_or_default();
    let told = Told {
        prompt_tokens: usage.prompt_tokens(),
        completion_tokens: usage.completion_tokens(),
        total_tokens: usage.total_tokens(),
        cost: record.charge,
        is_byok: false,
        prompt_tokens_details: Read {
            cached_tokens: usage.cache_read,
            cache_write_tokens: usage.cache_write.saturating_add(usage.cache_write_1h),
            audio_tokens: usage.audio_input,
        },
        cost_details: Costs {
            upstream_inference_cost: cost,
            upstream_inference_prompt_cost: prompt,
            // The rest, so that the two add up to the last digit.
            upstream_inference_completions_cost: cost.unwrap_or_default().saturating_sub(prompt),
        },
        completion_tokens_details: Written {
            reasoning_tokens: usage.reasoning,
            audio_tokens: usage.audio_output,
        },
    };
    serde_json::to_string(&told).unwrap_or_else(|_| "null".to_owned())
}

/// Money as a JSON value that keeps every digit.
pub(super) fn exact(money: Money) -> Box<RawValue> {
    serde_json::value::to_raw_value(&money).unwrap_or_default()
}
