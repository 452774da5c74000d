//! `usage` as OpenRouter tells it: tokens, and money to the last digit.

use serde_json::value::RawValue;

use crate::money::Money;
use crate::settle::Record;
use crate::usage::Usage;

/// What a request that has been settled has used and cost: its `usage`, as JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bill {
    usage: Usage,
    paid: Option<Money>,
    byok: bool,
    cost: Option<Money>,
    prompt: Money,
}

// === impl Bill ===

impl Bill {
    pub(super) fn of(record: &Record) -> Self {
        let last = record.answer();
        let cost = last.and_then(|last| last.cost.amount);
        // Of an unknown whole the parts are unknown too, and strict clients demand numbers.
        let prompt = cost.and(last.and_then(|last| last.prompt_cost));
        Self {
            usage: record.usage,
            paid: record.paid(),
            byok: last.is_some_and(|last| last.byok),
            cost,
            prompt: prompt.unwrap_or_default(),
        }
    }

    /// Writes it: by hand, since a formatter of so many numbers would be a large part of what the gateway costs.
    pub(super) fn tell(&self, text: &mut String) {
        let Self {
            usage,
            paid,
            byok,
            cost,
            prompt,
        } = *self;
        let written = usage.cache_write.saturating_add(usage.cache_write_1h);
        let heard = usage.audio_input.saturating_add(usage.audio_cache_read);
        // The rest, so that the two add up to the last digit.
        let completion = cost.unwrap_or_default().saturating_sub(prompt);
        tokens(text, "{\"prompt_tokens\":", usage.prompt_tokens());
        tokens(text, ",\"completion_tokens\":", usage.completion_tokens());
        tokens(text, ",\"total_tokens\":", usage.total_tokens());
        // A number or nothing: of embeddings strict clients take no null.
        if paid.is_some() {
            amount(text, ",\"cost\":", paid);
        }
        text.push_str(match byok {
            true => ",\"is_byok\":true,\"prompt_tokens_details\":",
            false => ",\"is_byok\":false,\"prompt_tokens_details\":",
        });
        tokens(text, "{\"cached_tokens\":", usage.cached_tokens());
        tokens(text, ",\"cache_write_tokens\":", written);
        tokens(text, ",\"audio_tokens\":", heard);
        text.push_str("},\"cost_details\":");
        amount(text, "{\"upstream_inference_cost\":", cost);
        amount(text, ",\"upstream_inference_prompt_cost\":", Some(prompt));
        amount(
            text,
            ",\"upstream_inference_completions_cost\":",
            Some(completion),
        );
        text.push_str("},\"completion_tokens_details\":");
        tokens(text, "{\"reasoning_tokens\":", usage.reasoning);
        tokens(text, ",\"image_tokens\":", usage.image_output);
        tokens(text, ",\"audio_tokens\":", usage.audio_output);
        text.push_str("}}");
    }
}

fn tokens(text: &mut String, name: &str, count: u64) {
    text.push_str(name);
    push(text, count);
}

/// What is not known is null.
fn amount(text: &mut String, name: &str, amount: Option<Money>) {
    text.push_str(name);
    match amount {
        Some(amount) => amount.push_to(text),
        None => text.push_str("null"),
    }
}

/// Writes a number.
pub(super) fn push(text: &mut String, number: u64) {
    match number {
        // Most are nothing.
        0 => text.push('0'),
        _ => text.push_str(itoa::Buffer::new().format(number)),
    }
}

/// Money as a JSON value that keeps every digit.
pub(super) fn exact(money: Money) -> Box<RawValue> {
    serde_json::value::to_raw_value(&money).unwrap_or_default()
}
