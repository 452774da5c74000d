//! Usage as providers spell it, brought into disjoint classes.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use crate::usage::Usage;

/// Reads a `usage` object; `None` when it reports nothing.
///
/// | spelling | cached tokens are | so the uncached input is |
/// |---|---|---|
/// | `prompt_tokens` + `prompt_tokens_details.cached_tokens` (OpenAI, OpenRouter, Gemini) | inside | the difference |
/// | `prompt_tokens` + `prompt_cache_hit_tokens` (DeepSeek) | inside | the difference |
/// | `input_tokens` + `cache_read_input_tokens` (Anthropic) | beside | `input_tokens` |
///
/// Reasoning and audio tokens are inside `completion_tokens`. A part larger than its whole is cut to
/// the whole, so that the classes always add up to the provider's own total. An explicit zero is a
/// report, not a gap.
///
/// ```
/// use switchtower::meter::read_usage;
///
/// let usage = read_usage(br#"{"prompt_tokens":100,"completion_tokens":7,
///     "prompt_tokens_details":{"cached_tokens":40}}"#).unwrap();
/// assert_eq!((usage.input, usage.cache_read, usage.output), (60, 40, 7));
/// ```
pub fn read(json: &[u8]) -> Option<Usage> {
    let spelled: Spelled = serde_json::from_slice(json).ok()?;
    if spelled.prompt_tokens.is_none()
        && spelled.input_tokens.is_none()
        && spelled.completion_tokens.is_none()
        && spelled.output_tokens.is_none()
    {
        return None;
    }
    let (input, cache_read, cache_write, cache_write_1h, audio_input) = spelled.read();
    let (output, reasoning, audio_output) = spelled.written();
    Some(Usage {
        input,
        cache_read,
        cache_write,
        cache_write_1h,
        audio_input,
        output,
        reasoning,
        audio_output,
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spelled {
    prompt_tokens: Option<Count>,
    completion_tokens: Option<Count>,
    total_tokens: Option<Count>,
    prompt_tokens_details: Option<Read>,
    completion_tokens_details: Option<Written>,
    prompt_cache_hit_tokens: Option<Count>,
    input_tokens: Option<Count>,
    output_tokens: Option<Count>,
    cache_read_input_tokens: Option<Count>,
    cache_creation_input_tokens: Option<Count>,
    cache_creation: Option<Lives>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Read {
    cached_tokens: Option<Count>,
    cache_write_tokens: Option<Count>,
    audio_tokens: Option<Count>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    reasoning_tokens: Option<Count>,
    audio_tokens: Option<Count>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lives {
    ephemeral_1h_input_tokens: Option<Count>,
}

/// A number of tokens. Some providers send whole numbers as `12.0`; a negative one is none.
#[derive(Clone, Copy)]
struct Count(u64);

// === impl Spelled ===

impl Spelled {
    fn read(&self) -> (u64, u64, u64, u64, u64) {
        let Some(prompt) = of(self.prompt_tokens) else {
            let write = of(self.cache_creation_input_tokens).unwrap_or(0);
            let lives = self.cache_creation.as_ref();
            let hour = lives
                .and_then(|lives| of(lives.ephemeral_1h_input_tokens))
                .unwrap_or(0);
            let hour = hour.min(write);
            let cached = of(self.cache_read_input_tokens).unwrap_or(0);
            return (
                of(self.input_tokens).unwrap_or(0),
                cached,
                write - hour,
                hour,
                0,
            );
        };
        let details = self.prompt_tokens_details.as_ref();
        let cached = details
            .and_then(|read| of(read.cached_tokens))
            .or(of(self.prompt_cache_hit_tokens))
            .or(of(self.cache_read_input_tokens));
        let write = details
            .and_then(|read| of(read.cache_write_tokens))
            .or(of(self.cache_creation_input_tokens));
        let audio = details.and_then(|read| of(read.audio_tokens));
        let mut left = prompt;
        let cached = take(&mut left, cached);
        let write = take(&mut left, write);
        let audio = take(&mut left, audio);
        (left, cached, write, 0, audio)
    }

    /// Are the thoughts no part of the completion, as with xAI? The total tells.
    fn is_beside(&self, completion: u64, reasoning: Option<u64>) -> bool {
        let whole = of(self.prompt_tokens)
            .and_then(|prompt| prompt.checked_add(completion)?.checked_add(reasoning?));
        whole.is_some() && whole == of(self.total_tokens) && reasoning != Some(0)
    }

    fn written(&self) -> (u64, u64, u64) {
        let mut left = of(self.completion_tokens)
            .or(of(self.output_tokens))
            .unwrap_or(0);
        let details = self.completion_tokens_details.as_ref();
        let reasoning = details.and_then(|w| of(w.reasoning_tokens));
        let reasoning = match self.is_beside(left, reasoning) {
            true => reasoning.unwrap_or(0),
            false => take(&mut left, reasoning),
        };
        let audio = take(&mut left, details.and_then(|w| of(w.audio_tokens)));
        (left, reasoning, audio)
    }
}

/// Takes a part out of what is left of its whole.
fn take(left: &mut u64, part: Option<u64>) -> u64 {
    let part = part.unwrap_or(0).min(*left);
    *left -= part;
    part
}

fn of(count: Option<Count>) -> Option<u64> {
    count.map(|count| count.0)
}

// === impl Count ===

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number)
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of tokens")
    }

    fn visit_u64<E>(self, count: u64) -> Result<Count, E> {
        Ok(Count(count))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Count, E> {
        Ok(Count(0))
    }

    fn visit_f64<E>(self, count: f64) -> Result<Count, E> {
        // Saturates; a negative one is none.
        Ok(Count(count as u64))
    }
}
