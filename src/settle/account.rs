//! From what happened to what is owed. Pure: the end of a call in, its record out.

use std::time::{Duration, Instant, SystemTime};

use http::header::{HeaderName, HeaderValue};

use super::attempts::Attempts;
use super::cost::{Certainty, Cost, of};
use super::record::{App, AttemptRecord, Record};
use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::catalog::Key;
use crate::kind::{Kind, Phase};
use crate::money::{Femto, Money};
use crate::short::Short;
use crate::usage::{BYTES_PER_TOKEN, Usage};

/// What `settle` remembers of the request itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) model: Option<Short>,
    pub(super) user: Option<Short>,
    pub(super) tag: Option<Short>,
    pub(super) streamed: bool,
    pub(super) prompt_bytes: u64,
    /// Images in the prompt, if one has a price of its own at any candidate.
    pub(super) images: u64,
    /// Is nothing to be written, so that there is no finish reason either?
    pub(super) embeds: bool,
    /// What was claimed for it.
    pub(super) held: Money,
}

/// The record of a call that has ended like this.
pub(super) fn record(call: &Call, asked: Asked, end: End, now: Instant) -> Record {
    call.with_attempts(|attempts| record_of(call, attempts, asked, end, now))
}

fn record_of(call: &Call, attempts: &[Attempt], asked: Asked, end: End, now: Instant) -> Record {
    let answered_by = answered_by(call, attempts);
    let answer = answered_by.map(|place| &attempts[place]);
    let found = answer.map(Attempt::found).unwrap_or_default();
    let told = asked.embeds || found.finish.is_some() || found.unread;
    let recovered = call.recovery().times() > 0;
    let first_token = match recovered {
        true => attempts
            .iter()
            .find_map(|attempt| first_token(call, attempt)),
        false => answer.and_then(|attempt| first_token(call, attempt)),
    };
    let records: Attempts = attempts
        .iter()
        .map(|attempt| attempt_record(call, attempt, &asked, end, now))
        .collect();
    let (usage, charge) = match answered_by.map(|place| (&attempts[place], &records[place])) {
        Some((attempt, record)) => {
            let usage = as_written(record);
            // An answer that broke while somebody is asked for its rest ends as the request does.
            let end = if recovered { end } else { record.end };
            let charge = match is_charged(record, end, told) {
                true if record.goes_on_from > 0 => price(call, attempt, record, &usage),
                true => record.cost.amount,
                false => Some(Money::ZERO),
            };
            (usage, charge)
        }
        None => (Usage::default(), Some(Money::ZERO)),
    };
    Record {
        id: *call.id(),
        created: call.created(),
        caller: call.caller().cloned(),
        requested: asked.model,
        user: asked.user,
        tag: asked.tag,
        operation: call.operation(),
        streamed: asked.streamed,
        end,
        attempts: records,
        answered_by,
        usage,
        charge,
        held: asked.held,
        finish: found.finish,
        first_token,
        took: now.saturating_duration_since(call.started()),
        app: app(call),
    }
}

/// Whose words the caller got last.
fn answered_by(call: &Call, attempts: &[Attempt]) -> Option<usize> {
    let last = attempts.len().checked_sub(1)?;
    let answer = call.recovery().answer();
    let place = answer.and_then(|answer| attempts.iter().position(|attempt| attempt.is(&answer)));
    Some(place.unwrap_or(last))
}

fn first_token(call: &Call, attempt: &Attempt) -> Option<Duration> {
    let asked = attempt.started().saturating_duration_since(call.started());
    attempt.first_content_after().map(|first| asked + first)
}

/// What was said before is among the prompt of whoever went on with it, but it is a part of the answer.
fn as_written(record: &AttemptRecord) -> Usage {
    let mut usage = record.usage;
    let mut left = record.goes_on_from;
    let read = [
        &mut usage.input,
        &mut usage.cache_write,
        &mut usage.cache_write_1h,
        &mut usage.cache_read,
    ];
    for tokens in read {
        let part = left.min(*tokens);
        (*tokens, left) = (*tokens - part, left - part);
    }
    usage.output = usage.output.saturating_add(record.goes_on_from - left);
    usage
}

/// What this usage costs where it was asked, and when.
fn price(call: &Call, attempt: &Attempt, record: &AttemptRecord, usage: &Usage) -> Option<Money> {
    record.cost.amount?;
    let prices = attempt.candidate()?.endpoint.prices();
    let prices = prices.at(record.usage.prompt_tokens(), started(call, attempt));
    of(&prices, usage).map(Femto::round)
}

/// Does the caller pay for an answer that ended so? Not for an error, and not for nothing.
fn is_charged(attempt: &AttemptRecord, end: End, finished: bool) -> bool {
    match end {
        End::Complete => finished || attempt.usage.completion_tokens() > 0,
        End::Cancelled => true,
        // The pace is the caller's: who reads slowly enough would read for nothing.
        End::Failed(Kind::Elapsed(Phase::Total)) => attempt.first_token.is_some(),
        End::Failed(_) | End::Superseded => false,
    }
}

fn attempt_record(
    call: &Call,
    attempt: &Attempt,
    asked: &Asked,
    end: End,
    now: Instant,
) -> AttemptRecord {
    let found = attempt.found();
    // Without a `meter` nobody has ended it, and it ended as the request did.
    let (end, ended) = attempt.ended().unwrap_or((end, now));
    let candidate = attempt.candidate();
    let prices = candidate.map(|candidate| candidate.endpoint.prices());
    // What it was given to go on from, it has read.
    let before = found.goes_on_from;
    let prompt_bytes = asked.prompt_bytes + before * BYTES_PER_TOKEN;
    let (usage, certainty) = usage(attempt, end, prompt_bytes);
    let usage = usage.map(|usage| Usage {
        images: asked.images,
        ..usage
    });
    let (cost, prompt_cost) = match usage {
        None => (Cost::nothing(certainty), Some(Money::ZERO)),
        Some(usage) => {
            let read = Usage {
                output: 0,
                reasoning: 0,
                audio_output: 0,
                image_output: 0,
                web_searches: 0,
                ..usage
            };
            // As they stood when it was asked, and for the prompt that it read.
            let wall = started(call, attempt);
            let prices = prices.map(|prices| prices.at(usage.prompt_tokens(), wall));
            let of = |usage| of(prices.as_deref()?, usage);
            (
                Cost::new(of(&usage), certainty),
                of(&read).map(Femto::round),
            )
        }
    };
    let cost = match found.unread {
        true => Cost::new(None, Certainty::Unknown),
        false => cost,
    };
    AttemptRecord {
        prompt_cost,
        endpoint: candidate.map(|candidate| candidate.endpoint.clone()),
        upstream_id: found.upstream_id,
        key: attempt.key().map(Key::shared_label),
        status: found.status,
        end,
        first_token: attempt.first_content_after(),
        ambiguous: attempt.is_ambiguous(),
        took: ended.saturating_duration_since(attempt.started()),
        malformed_events: found.malformed_events,
        usage: usage.unwrap_or_default(),
        goes_on_from: before,
        cost,
    }
}

/// When it was asked, by the wall clock.
fn started(call: &Call, attempt: &Attempt) -> SystemTime {
    let after = attempt.started().saturating_duration_since(call.started());
    call.created().checked_add(after).unwrap_or(call.created())
}

/// The tokens of an attempt by the best evidence, and how good it is; none where nobody answered, so
/// that nobody bills, not even the fee of a request.
fn usage(attempt: &Attempt, end: End, prompt_bytes: u64) -> (Option<Usage>, Certainty) {
    let found = attempt.found();
    if let Some(reported) = found.usage {
        let certainty = if is_last_word(attempt, end) {
            Certainty::Exact
        } else {
            Certainty::Estimated
        };
        return (Some(reported), certainty);
    }
    let succeeded = found
        .status
        .is_some_and(|status| (200..300).contains(&status));
    let repeated = attempt.candidate().map_or(0, |candidate| {
        let prefill = candidate.endpoint.prefill();
        match prefill.is_some_and(|prefill| prefill.repeats()) {
            true => found.goes_on_from,
            false => 0,
        }
    });
    let delivered = || {
        // An event is a token, or several; never less than its bytes suggest.
        let by_bytes = attempt.content_bytes().div_ceil(BYTES_PER_TOKEN);
        Usage {
            input: prompt_bytes.div_ceil(BYTES_PER_TOKEN),
            output: by_bytes
                .max(attempt.content_events().into())
                .saturating_sub(repeated),
            ..Usage::default()
        }
    };
    match end {
        // A status that refuses, or no connection at all.
        End::Failed(Kind::Connect) => (None, Certainty::Exact),
        End::Failed(_) if found.status.is_some() && !succeeded => (None, Certainty::Exact),
        // Without a word from it, a provider that was left may be at work, and will bill the prompt.
        End::Cancelled | End::Superseded if found.status.is_none() => {
            (Some(delivered()), Certainty::Estimated)
        }
        _ if !succeeded => (None, Certainty::Estimated),
        _ => (Some(delivered()), Certainty::Estimated),
    }
}

/// Was the usage reported last the bill? Until the provider has ended its answer, be it with an error, it
/// is a running total.
fn is_last_word(attempt: &Attempt, end: End) -> bool {
    let cut_off = match end {
        End::Complete => false,
        End::Cancelled | End::Superseded => true,
        End::Failed(kind) => matches!(
            kind,
            Kind::Disconnected | Kind::Truncated | Kind::Malformed | Kind::Elapsed(_)
        ),
    };
    !cut_off || attempt.is_finished() || attempt.is_done()
}

fn app(call: &Call) -> App {
    call.with_headers(|headers| named(headers.into_iter().flatten()))
}

fn named<'a>(headers: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>) -> App {
    let (mut referer, mut title, mut other_title, mut user_agent) = (None, None, None, None);
    // One look at each name is cheaper than to ask for four, of which few are there.
    for (name, value) in headers {
        let found = match name.as_str() {
            "http-referer" => &mut referer,
            "x-openrouter-title" => &mut title,
            "x-title" => &mut other_title,
            "user-agent" => &mut user_agent,
            _ => continue,
        };
        found.get_or_insert(value);
    }
    App {
        referer: referer.and_then(text).map(Box::from),
        title: title
            .and_then(text)
            .or_else(|| other_title.and_then(text))
            .map(Box::from),
        user_agent: user_agent.and_then(text).map(Short::from),
    }
}

/// As much of it as is worth keeping.
fn text(value: &HeaderValue) -> Option<&str> {
    let value = value.to_str().ok()?;
    Some(value.get(..256).unwrap_or(value))
}
