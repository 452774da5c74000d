//! What does the key pay?

use super::account::Asked;
use super::bill::Rates;
use super::evidence::used;
use super::record::AttemptRecord;
use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::catalog::{Endpoint, UnknownPrices};
use crate::found::Found;
use crate::kind::{Kind, Phase};
use crate::money::Money;
use crate::usage::Usage;

/// What was used of a request that this attempt answered and that ended so, and what the key pays for it.
pub(super) fn charge(
    call: &Call,
    attempt: &Attempt,
    found: &Found,
    record: &AttemptRecord,
    asked: &Asked,
    end: End,
) -> (Usage, Option<Money>) {
    let told = asked.embeds || found.finish.is_some() || found.unread;
    let cut_off = end == End::Failed(Kind::Elapsed(Phase::Total));
    let usage = match cut_off {
        // Whoever was cut off has not left: it pays for what it got, not for what the provider writes on.
        true => used(attempt, found, record.end, asked).unwrap_or_default(),
        false => record.usage,
    };
    let usage = as_written(usage, record.goes_on_from);
    if !is_charged(record, end, told) {
        return (usage, Some(Money::ZERO));
    }
    let amount = match record.goes_on_from > 0 || cut_off {
        true => Rates::of(call, attempt, found)
            .filter(|_| record.cost.amount.is_some())
            .and_then(|rates| rates.price(&usage)),
        false => None,
    };
    let amount = amount.or(record.cost.amount);
    let cap = record.endpoint.as_deref().and_then(cap);
    let charge = match cap {
        Some(cap) => Some(amount.map_or(cap, |amount| amount.min(cap))),
        None => amount,
    };
    (usage, charge)
}

/// The most that an answer of it is charged, where its price is not known.
fn cap(endpoint: &Endpoint) -> Option<Money> {
    match endpoint.unknown_price() {
        Some(UnknownPrices::Cap(amount)) => Some(*amount),
        _ => None,
    }
}

/// Does the caller pay for an answer that ended so? Not for an error, and not for nothing.
fn is_charged(attempt: &AttemptRecord, end: End, told: bool) -> bool {
    match end {
        End::Complete => told || attempt.usage.completion_tokens() > 0,
        End::Cancelled => true,
        // The pace is the caller's: who reads slowly enough would read for nothing.
        End::Failed(Kind::Elapsed(Phase::Total)) => attempt.first_token.is_some(),
        End::Failed(_) | End::Superseded => false,
    }
}

/// What was said before is among the prompt of whoever went on with it, but it is a part of the answer.
fn as_written(mut usage: Usage, goes_on_from: u64) -> Usage {
    let mut left = goes_on_from;
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
    usage.output = usage.output.saturating_add(goes_on_from - left);
    usage
}
