//! From what happened to the row that remains. Pure: the end of a call in, its record out.

use std::time::{Duration, Instant};

use super::app::App;
use super::attempts::Attempts;
use super::bill::Bill;
use super::charge::charge;
use super::claim::Parts;
use super::evidence;
use super::record::{AttemptRecord, Record};
use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::catalog::Key;
use crate::found::Found;
use crate::keys::ProviderKey;
use crate::money::{Money, Ratio};
use crate::short::Short;
use crate::usage::Usage;

/// What `settle` remembers of the request itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) model: Option<Short>,
    pub(super) user: Option<Short>,
    pub(super) tag: Option<Short>,
    pub(super) streamed: bool,
    /// Of its text and its tools.
    pub(super) prompt_bytes: u64,
    pub(super) parts: Parts,
    /// Images in the prompt, if one has a price of its own at any candidate.
    pub(super) images: u64,
    /// The longest answer that it allows, for each choice.
    pub(super) max_output: Option<u64>,
    pub(super) choices: u32,
    /// Bytes of the prompt, if it is text alone.
    pub(super) text: Option<u64>,
    /// Is nothing to be written, so that there is no finish reason either?
    pub(super) embeds: bool,
    /// What was claimed for it.
    pub(super) held: Money,
    /// What is asked beside a charge.
    pub(super) fee: Ratio,
}

/// The record of a call that has ended like this, after these attempts.
pub(super) fn record(
    call: &Call,
    attempts: &[Attempt],
    asked: &mut Asked,
    end: End,
    now: Instant,
) -> Record {
    let answered_by = answered_by(call, attempts);
    let answer = answered_by.map(|place| &attempts[place]);
    let recovered = call.recovery().times() > 0;
    let first_token = match recovered {
        true => attempts
            .iter()
            .find_map(|attempt| first_token(call, attempt)),
        false => answer.and_then(|attempt| first_token(call, attempt)),
    };
    let (mut usage, mut price, mut finish) = (Usage::default(), Some(Money::ZERO), None);
    let records = Attempts::of(attempts, |attempt| {
        attempt.with_found(|found| {
            let record = attempt_record(call, attempt, found, asked, end, now);
            if answer.is_some_and(|answer| answer.is(attempt)) {
                // An answer that broke while somebody is asked for its rest ends as the request does.
                let end = if recovered { end } else { record.end };
                (usage, price) = charge(call, attempt, found, &record, asked, end);
                finish = found.finish;
            }
            record
        })
    });
    let own = answer.and_then(|attempt| attempt.candidate()?.own_key.as_ref());
    let (charge, fee) = match own {
        Some(own) => owed(own, price),
        None => (price, asked.fee.of(price.unwrap_or_default())),
    };
    Record {
        id: *call.id(),
        created: call.created(),
        caller: call.caller().cloned(),
        requested: asked.model.take(),
        user: asked.user.take(),
        tag: asked.tag.take(),
        operation: call.operation(),
        streamed: asked.streamed,
        end,
        attempts: records,
        answered_by,
        usage,
        charge,
        fee,
        held: asked.held,
        finish,
        first_token,
        took: now.saturating_duration_since(call.started()),
        app: App::of(call),
    }
}

/// The charge and the fee for what would have cost this much, if it had not been asked with the caller's own key. A fee of
/// what has no price is as unknown.
fn owed(own: &ProviderKey, price: Option<Money>) -> (Option<Money>, Money) {
    match price {
        Some(price) => (Some(Money::ZERO), own.fee().of(price)),
        None if own.fee().is_zero() => (Some(Money::ZERO), Money::ZERO),
        None => (None, Money::ZERO),
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

fn attempt_record(
    call: &Call,
    attempt: &Attempt,
    found: &Found,
    asked: &Asked,
    end: End,
    now: Instant,
) -> AttemptRecord {
    // Without a `meter` nobody has ended it, and it ended as the request did.
    let (end, ended) = attempt.ended().unwrap_or((end, now));
    let evidence = evidence::of(attempt, found, end, asked);
    let bill = Bill::of(call, attempt, found, &evidence);
    AttemptRecord {
        endpoint: attempt
            .candidate()
            .map(|candidate| candidate.endpoint.clone()),
        upstream_id: found.upstream_id.clone(),
        key: attempt.key().map(Key::shared_label),
        byok: attempt.candidate().is_some_and(|it| it.own_key.is_some()),
        status: found.status,
        end,
        first_token: attempt.first_content_after(),
        ambiguous: attempt.is_ambiguous(),
        took: ended.saturating_duration_since(attempt.started()),
        malformed_events: found.malformed_events,
        usage: evidence.usage.unwrap_or_default(),
        goes_on_from: found.goes_on_from,
        cost: bill.cost,
        listed: bill.listed,
        reported: found.cost,
        tier: found.tier,
        prompt_cost: bill.prompt,
    }
}
