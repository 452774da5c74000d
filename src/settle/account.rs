//! From what happened to what is owed. Pure: the end of a call in, its record out.

use std::time::{Instant, SystemTime};

use http::header::HeaderValue;

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
    pub(super) streamed: bool,
    pub(super) prompt_bytes: u64,
    /// Images in the prompt, if one has a price of its own at any candidate.
    pub(super) images: u64,
    /// Is nothing to be written, so that there is no finish reason either?
    pub(super) embeds: bool,
}

/// The record of a call that has ended like this.
pub(super) fn record(call: &Call, asked: Asked, end: End, now: Instant) -> Record {
    call.with_attempts(|attempts| record_of(call, attempts, asked, end, now))
}

fn record_of(call: &Call, attempts: &[Attempt], asked: Asked, end: End, now: Instant) -> Record {
    let last = attempts.last();
    let found = last.map(Attempt::found).unwrap_or_default();
    let from_start = |attempt: &Attempt| {
        let asked = attempt.started().saturating_duration_since(call.started());
        attempt.first_content_after().map(|first| asked + first)
    };
    let embeds = asked.embeds;
    let first_token = last.and_then(from_start);
    let attempts: Attempts = attempts
        .iter()
        .map(|attempt| attempt_record(call, attempt, &asked, end, now))
        .collect();
    let (usage, charge) = match attempts.last() {
        Some(last) if is_charged(last, found.finish.is_some() || found.unread || embeds) => {
            (last.usage, last.cost.amount)
        }
        Some(last) => (last.usage, Some(Money::ZERO)),
        None => (Usage::default(), Some(Money::ZERO)),
    };
    Record {
        id: *call.id(),
        created: call.created(),
        requested: asked.model,
        operation: call.operation(),
        streamed: asked.streamed,
        end,
        attempts,
        usage,
        charge,
        finish: found.finish,
        first_token,
        took: now.saturating_duration_since(call.started()),
        app: app(call),
    }
}

/// Does the caller pay for it? Not for an error, and not for nothing.
fn is_charged(attempt: &AttemptRecord, finished: bool) -> bool {
    match attempt.end {
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
    let (usage, certainty) = usage(attempt, end, asked.prompt_bytes);
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
    let delivered = || {
        // An event is a token, or several; never less than its bytes suggest.
        let by_bytes = attempt.content_bytes().div_ceil(BYTES_PER_TOKEN);
        Usage {
            input: prompt_bytes.div_ceil(BYTES_PER_TOKEN),
            output: by_bytes.max(attempt.content_events().into()),
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
    let (mut referer, mut title, mut other_title, mut user_agent) = (None, None, None, None);
    // One look at each name is cheaper than to ask for four, of which few are there.
    for (name, value) in call.headers().into_iter().flatten() {
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
