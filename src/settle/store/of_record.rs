//! A record becomes a row.

use std::time::Duration;

use super::micros::to_the_micro;
use super::row::{AttemptRow, Row};
use crate::caller::Caller;
use crate::end::End;
use crate::money::Money;
use crate::settle::{AttemptRecord, Record};
use crate::wire::{Finish, Operation, Tier};

// === impl Row ===

impl From<&Record> for Row {
    /// With nothing lost but the digits after the microsecond, and what only the gateway's own answer tells.
    fn from(record: &Record) -> Self {
        let answer = record.answer();
        let caller = record.caller.as_deref();
        Self {
            id: record.id,
            created: to_the_micro(record.created),
            account: caller.map_or(Caller::ACCOUNT, Caller::account_name).into(),
            key: caller.map(Caller::key),
            user: text(record.user.as_deref()),
            tag: text(record.tag.as_deref()),
            requested: text(record.requested.as_deref()),
            model: text(answer.and_then(AttemptRecord::model)),
            provider: text(answer.and_then(AttemptRecord::provider)),
            endpoint: text(answer.and_then(AttemptRecord::tag)),
            operation: word(record.operation).to_owned(),
            streamed: record.streamed,
            end: record.end.as_str().to_owned(),
            finish: text(record.finish.map(Finish::as_str)),
            usage: record.usage,
            charge: record.charge,
            certainty: record.charge_certainty(),
            fee: record.fee,
            held: record.held,
            byok_counted: byok_counted(record),
            first_token: record.first_token.map(micros),
            took: micros(record.took),
            referer: text(record.app.referer.as_deref()),
            title: text(record.app.title.as_deref()),
            user_agent: text(record.app.user_agent.as_deref()),
            attempts: record.attempts.iter().map(AttemptRow::from).collect(),
            answered_by: record.answered_by.and_then(|place| place.try_into().ok()),
        }
    }
}

// === impl AttemptRow ===

impl From<&AttemptRecord> for AttemptRow {
    fn from(attempt: &AttemptRecord) -> Self {
        Self {
            model: text(attempt.model()),
            provider: text(attempt.provider()),
            endpoint: text(attempt.tag()),
            upstream_id: text(attempt.upstream_id.as_deref()),
            key: text(attempt.key.as_deref()),
            byok: attempt.byok,
            status: attempt.status,
            end: End::as_str(attempt.end).to_owned(),
            first_token: attempt.first_token.map(micros),
            took: micros(attempt.took),
            ambiguous: attempt.ambiguous,
            usage: attempt.usage,
            cost: attempt.cost.amount,
            certainty: attempt.cost.certainty,
            at_most: attempt.cost.at_most,
            reported: attempt.reported,
            tier: text(attempt.tier.map(Tier::name)),
        }
    }
}

/// As limits settle it: of what nobody knows, what was held.
fn byok_counted(record: &Record) -> Money {
    let known = |amount: Option<Money>| amount.unwrap_or(record.held);
    known(record.counted()).saturating_sub(known(record.paid()))
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn micros(time: Duration) -> u64 {
    time.as_micros().try_into().unwrap_or(u64::MAX)
}

fn word(operation: Operation) -> &'static str {
    match operation {
        Operation::Chat => "chat",
        Operation::Completion => "completion",
        Operation::Embedding => "embedding",
    }
}
