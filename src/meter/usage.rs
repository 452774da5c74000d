//! Usage as providers spell it, brought into disjoint classes.

use super::cost::Cost;
use crate::money::Money;
use crate::usage::Usage;
use crate::wire::Tier;
use crate::wire::json::{Cursor, Kind, integer};

/// Reads a `usage` object; `None` when it reports nothing.
///
/// | spelling | cached tokens are | so the uncached input is |
/// |---|---|---|
/// | `prompt_tokens` + `prompt_tokens_details.cached_tokens` (OpenAI, OpenRouter, Gemini) | inside | the difference |
/// | `prompt_tokens` + `prompt_cache_hit_tokens` (DeepSeek), `cached_tokens` (Moonshot) | inside | the difference |
/// | `input_tokens` + `input_tokens_details.cached_tokens` (OpenAI's images and responses) | inside | the difference |
/// | `input_tokens` + `cache_read_input_tokens` (Anthropic) | beside | `input_tokens` |
///
/// Reasoning, audio and image tokens are inside `completion_tokens`, or beside them where only so they make the total
/// (xAI, and Mistral of audio that it reads); what the total has beside both is reasoning that is told nowhere else (Gemini). Reasoning that is told beside the
/// completion and is more than all of it is none of it (Perplexity). Audio may come from the cache: as much as
/// `cached_tokens_details` says, else no more than must, since both parts are inside one whole. Any other part larger than
/// its whole is cut to the whole, so that the classes always add up to the provider's own total. An explicit zero is a
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
    report(json)?.usage
}

/// What a `usage` object reports beside tokens.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Report {
    /// The tokens, if it tells any.
    pub(super) usage: Option<Usage>,
    /// What the provider says that it bills.
    pub(super) cost: Option<Money>,
    /// The tier in which it was answered, as Anthropic tells it.
    pub(super) tier: Option<Tier>,
}

/// Reads a `usage` object in one pass; `None` when it makes no sense.
pub(super) fn report(json: &[u8]) -> Option<Report> {
    let mut cursor = Cursor::new(json).ok()?;
    let mut spelled = Spelled::default();
    spelled.hear(&mut cursor)?;
    cursor.end().ok()?;
    let counts = [
        spelled.prompt_tokens,
        spelled.input_tokens,
        spelled.completion_tokens,
        spelled.output_tokens,
    ];
    let usage = counts.iter().any(Option::is_some).then(|| Usage {
        web_searches: spelled.web_searches.unwrap_or(0),
        ..spelled.written(spelled.read())
    });
    Some(Report {
        usage,
        cost: spelled.cost.whole(),
        tier: spelled.tier,
    })
}

#[derive(Default)]
struct Spelled {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    cached_elsewhere: Option<u64>,
    cache_write_tokens: Option<u64>,
    audio_input: Option<u64>,
    audio_cached: Option<u64>,
    image_input: Option<u64>,
    reasoning_tokens: Option<u64>,
    reasoning_elsewhere: Option<u64>,
    audio_output: Option<u64>,
    image_output: Option<u64>,
    prompt_cache_hit_tokens: Option<u64>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    ephemeral_1h_input_tokens: Option<u64>,
    citation_tokens: Option<u64>,
    web_searches: Option<u64>,
    cost: Cost,
    tier: Option<Tier>,
}

// === impl Spelled ===

impl Spelled {
    fn hear(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        members(cursor, |name, cursor| {
            let count = match name {
                b"prompt_tokens" => &mut self.prompt_tokens,
                b"completion_tokens" => &mut self.completion_tokens,
                b"total_tokens" => &mut self.total_tokens,
                b"prompt_cache_hit_tokens" => &mut self.prompt_cache_hit_tokens,
                b"input_tokens" => &mut self.input_tokens,
                b"output_tokens" => &mut self.output_tokens,
                b"cache_read_input_tokens" => &mut self.cache_read_input_tokens,
                b"cache_creation_input_tokens" => &mut self.cache_creation_input_tokens,
                // Moonshot's name, and an old one of xAI's.
                b"cached_tokens" | b"cached_prompt_text_tokens" => &mut self.cached_elsewhere,
                // Modal's and Databricks'.
                b"reasoning_tokens" => &mut self.reasoning_elsewhere,
                // Perplexity's. It bills what it reads of its sources as input, beside the prompt.
                b"citation_tokens" => &mut self.citation_tokens,
                b"num_search_queries" => &mut self.web_searches,
                b"service_tier" => {
                    self.tier = tier(cursor)?;
                    return Some(());
                }
                name if Cost::is_about(name) => return self.cost.hear(name, cursor),
                b"prompt_tokens_details"
                | b"input_tokens_details"
                | b"completion_tokens_details"
                | b"output_tokens_details"
                | b"cache_creation"
                | b"server_tool_use"
                | b"server_tool_use_details" => return self.hear_details(name, cursor),
                _ => return skip(cursor),
            };
            *count = number(cursor)?;
            Some(())
        })
    }

    fn hear_details(&mut self, of: &[u8], cursor: &mut Cursor<'_>) -> Option<()> {
        let is_read = matches!(of, b"prompt_tokens_details" | b"input_tokens_details");
        let is_written = matches!(of, b"completion_tokens_details" | b"output_tokens_details");
        members(cursor, |name, cursor| {
            let count = match name {
                b"cached_tokens_details" if is_read => return self.hear_cached(cursor),
                b"cached_tokens" if is_read => &mut self.cached_tokens,
                // OpenRouter's name, and DashScope's.
                b"cache_write_tokens" | b"cache_creation_input_tokens" if is_read => {
                    &mut self.cache_write_tokens
                }
                b"audio_tokens" if is_read => &mut self.audio_input,
                b"image_tokens" if is_read => &mut self.image_input,
                // OpenAI's name, and Anthropic's.
                b"reasoning_tokens" | b"thinking_tokens" if is_written => {
                    &mut self.reasoning_tokens
                }
                b"audio_tokens" if is_written => &mut self.audio_output,
                b"image_tokens" if is_written => &mut self.image_output,
                b"ephemeral_1h_input_tokens" if of == b"cache_creation" => {
                    &mut self.ephemeral_1h_input_tokens
                }
                // Of `server_tool_use`, Anthropic's name, or `server_tool_use_details`, OpenRouter's.
                b"web_search_requests" if of.starts_with(b"server_tool_use") => {
                    &mut self.web_searches
                }
                _ => return skip(cursor),
            };
            *count = number(cursor)?;
            Some(())
        })
    }

    fn hear_cached(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        members(cursor, |name, cursor| {
            if name != b"audio_tokens" {
                return skip(cursor);
            }
            self.audio_cached = number(cursor)?;
            Some(())
        })
    }

    /// What was read.
    fn read(&self) -> Usage {
        let written = self.cache_write_tokens.or(self.cache_creation_input_tokens);
        let inside = self.cached_tokens.or(self.cached_elsewhere);
        // Anthropic's cached tokens are no part of its `input_tokens`.
        let beside = inside.is_none() && self.cache_write_tokens.is_none();
        let whole = match self.prompt_tokens {
            None if beside => {
                return self.parts(
                    self.input_tokens.unwrap_or(0),
                    self.cache_read_input_tokens.unwrap_or(0),
                    written.unwrap_or(0),
                );
            }
            prompt => prompt.or(self.input_tokens).unwrap_or(0),
        };
        let mut input = whole.saturating_add(self.audio_beside().unwrap_or(0));
        let cached = inside
            .or(self.prompt_cache_hit_tokens)
            .or(self.cache_read_input_tokens);
        let cache_read = take(&mut input, cached);
        let cache_write = take(&mut input, written);
        let input = input.saturating_add(self.citation_tokens.unwrap_or(0));
        self.parts(input, cache_read, cache_write)
    }

    /// The same by what it is.
    fn parts(&self, mut input: u64, mut cache_read: u64, mut cache_write: u64) -> Usage {
        // What has no room among the rest must have come from the cache.
        let audio = self.audio_input.unwrap_or(0);
        let crowded = audio.saturating_sub(input);
        let audio_cached = self.audio_cached.unwrap_or(crowded).min(audio);
        let audio_cache_read = take(&mut cache_read, Some(audio_cached));
        Usage {
            cache_read,
            audio_cache_read,
            cache_write_1h: take(&mut cache_write, self.ephemeral_1h_input_tokens),
            cache_write,
            audio_input: take(&mut input, Some(audio - audio_cache_read)),
            image_input: take(&mut input, self.image_input),
            input,
            ..Usage::default()
        }
    }

    /// Are the thoughts no part of the completion? The total tells, as with xAI, or else their number, as with Perplexity,
    /// whose total has no thoughts.
    fn is_beside(&self, completion: u64, reasoning: Option<u64>) -> bool {
        if self.reasoning_tokens.is_none() && reasoning > Some(completion) {
            return true;
        }
        let whole = self
            .prompt_tokens
            .and_then(|prompt| prompt.checked_add(completion)?.checked_add(reasoning?));
        whole.is_some() && whole == self.total_tokens && reasoning != Some(0)
    }

    /// What the total alone tells of: Gemini's thoughts are in neither count.
    fn untold(&self) -> Option<u64> {
        self.rest().filter(|_| self.audio_beside().is_none())
    }

    /// The audio, where only so it makes the total (Mistral).
    fn audio_beside(&self) -> Option<u64> {
        self.audio_input
            .filter(|audio| *audio > 0 && self.rest() == Some(*audio))
    }

    /// What the total has beside prompt and completion; none where it may be the cache, which some have beside the prompt.
    fn rest(&self) -> Option<u64> {
        let cached = [
            self.cache_read_input_tokens,
            self.cache_creation_input_tokens,
        ];
        let told = self.prompt_tokens?.checked_add(self.completion_tokens?)?;
        let rest = self.total_tokens?.checked_sub(told)?;
        cached
            .iter()
            .all(|count| count.unwrap_or(0) == 0)
            .then_some(rest)
    }

    /// The same, with what was written.
    fn written(&self, read: Usage) -> Usage {
        let mut output = self.completion_tokens.or(self.output_tokens).unwrap_or(0);
        let reasoning = self.reasoning_tokens.or(self.reasoning_elsewhere);
        let reasoning = reasoning
            .filter(|count| *count > 0)
            .or_else(|| self.untold());
        Usage {
            reasoning: match self.is_beside(output, reasoning) {
                true => reasoning.unwrap_or(0),
                false => take(&mut output, reasoning),
            },
            audio_output: take(&mut output, self.audio_output),
            image_output: take(&mut output, self.image_output),
            output,
            ..read
        }
    }
}

/// Takes a part out of what is left of its whole.
fn take(left: &mut u64, part: Option<u64>) -> u64 {
    let part = part.unwrap_or(0).min(*left);
    *left -= part;
    part
}

/// Hands each member of an object to `hear`; null has none. `None` where it is anything else.
pub(super) fn members<'a>(
    cursor: &mut Cursor<'a>,
    mut hear: impl FnMut(&[u8], &mut Cursor<'a>) -> Option<()>,
) -> Option<()> {
    if cursor.peek().ok()? == Kind::Null {
        return skip(cursor);
    }
    cursor.object().ok()?;
    while let Some(key) = cursor.next_member().ok()? {
        hear(&key.bytes(cursor.source()), cursor)?;
    }
    Some(())
}

pub(super) fn skip(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.skip().ok().map(drop)
}

/// The tier that a provider names, if it is one that is known.
fn tier(cursor: &mut Cursor<'_>) -> Option<Option<Tier>> {
    let text = cursor.skip().ok()?.of(cursor.source());
    let text = std::str::from_utf8(text).ok()?;
    Some(Tier::served(text.trim_matches('"')))
}

/// A number of tokens, or null: what is neither makes the whole report worthless. Some providers send whole
/// numbers as `12.0`; a negative one is none.
fn number(cursor: &mut Cursor<'_>) -> Option<Option<u64>> {
    let kind = cursor.peek().ok()?;
    let text = cursor.skip().ok()?.of(cursor.source());
    match kind {
        Kind::Null => Some(None),
        Kind::Number => {
            // Saturates.
            let rounded = || std::str::from_utf8(text).ok()?.parse::<f64>().ok();
            Some(integer(text).or_else(|| rounded().map(|count| count as u64)))
        }
        _ => None,
    }
}
