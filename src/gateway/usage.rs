//! `usage` as OpenRouter tells it: tokens, and money to the last digit.

use std::fmt;

use serde_json::value::RawValue;

use crate::money::Money;
use crate::settle::Record;
use crate::usage::Usage;

/// What a request that has been settled has used and cost: its `usage`, as JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bill {
    usage: Usage,
    charge: Option<Money>,
    cost: Option<Money>,
    prompt: Money,
}

// === impl Bill ===

impl Bill {
    pub(super) fn of(record: &Record) -> Self {
        let last = record.attempts.last();
        let cost = last.and_then(|last| last.cost.amount);
        // Of an unknown whole the parts are unknown too, and strict clients demand numbers.
        let prompt = cost.and(last.and_then(|last| last.prompt_cost));
        Self {
            usage: record.usage,
            charge: record.charge,
            cost,
            prompt: prompt.unwrap_or_default(),
        }
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            usage,
            charge,
            cost,
            prompt,
        } = self;
        // The rest, so that the two add up to the last digit.
        let completion = cost.unwrap_or_default().saturating_sub(*prompt);
        write!(
            f,
            "{{\"prompt_tokens\":{},\"completion_tokens\":{},\"total_tokens\":{},",
            usage.prompt_tokens(),
            usage.completion_tokens(),
            usage.total_tokens(),
        )?;
        // A number or nothing: of embeddings strict clients take no null.
        if let Some(charge) = charge {
            write!(f, "\"cost\":{charge},")?;
        }
        write!(
            f,
            "\"is_byok\":false,\
             \"prompt_tokens_details\":{{\"cached_tokens\":{},\"cache_write_tokens\":{},\"audio_tokens\":{}}},\
             \"cost_details\":{{\"upstream_inference_cost\":{},\"upstream_inference_prompt_cost\":{prompt},\
             \"upstream_inference_completions_cost\":{completion}}},\
             \"completion_tokens_details\":{{\"reasoning_tokens\":{},\"image_tokens\":{},\"audio_tokens\":{}}}}}",
            usage.cache_read,
            usage.cache_write.saturating_add(usage.cache_write_1h),
            usage.audio_input,
            OrNull(*cost),
            usage.reasoning,
            usage.image_output,
            usage.audio_output,
        )
    }
}

/// What is not known is null.
struct OrNull(Option<Money>);

impl fmt::Display for OrNull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(money) => money.fmt(f),
            None => f.write_str("null"),
        }
    }
}

/// Money as a JSON value that keeps every digit.
pub(super) fn exact(money: Money) -> Box<RawValue> {
    serde_json::value::to_raw_value(&money).unwrap_or_default()
}
