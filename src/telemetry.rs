//! Every event in one place. A layer says one sentence; nothing here ever holds a
//! key, a prompt or an answer. The front page of the crate lists them.

use std::fmt;
use std::time::Duration;

use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::catalog::Endpoint;
use crate::error::Error;
use crate::generation::GenerationId;
use crate::limits::{Amount, Level, Rule};
use crate::money::Money;
use crate::plan::Plan;
use crate::settle::Record;
use crate::settle::store::{Entry, HoldRow, Row, StoreError};
use crate::standing::Change;

/// How many candidates of a plan are told.
const TOLD: usize = 8;

/// Candidates and reasons, in their order: only written where somebody reads them.
struct Ordered<'a>(&'a Plan);

pub(crate) fn planned(call: &Call) {
    let Some(plan) = call.plan() else { return };
    tracing::debug!(
        id = %call.id(),
        candidates = plan.candidates.len(),
        rejected = plan.rejected.len(),
        plan = %Ordered(plan),
        "planned"
    );
}

pub(crate) fn attempt_ended(call: &GenerationId, attempt: &Attempt, end: End) {
    let endpoint = attempt
        .candidate()
        .map_or("-", |candidate| candidate.endpoint.tag());
    tracing::debug!(
        id = %call,
        endpoint,
        end = end.as_str(),
        content_events = attempt.content_events(),
        "attempt ended"
    );
}

pub(crate) fn retrying(call: &Call, error: &Error, wait: Duration) {
    tracing::debug!(
        id = %call.id(),
        error = error.kind().as_str(),
        wait_ms = wait.as_millis() as u64,
        "retrying"
    );
}

pub(crate) fn falling_back(call: &Call, error: &Error) {
    let to = call
        .candidate()
        .map_or("-", |candidate| candidate.endpoint.tag());
    tracing::debug!(id = %call.id(), error = error.kind().as_str(), to, "falling back");
}

pub(crate) fn hedging(call: &Call) {
    let candidate = call.candidate();
    let endpoint = candidate.map_or("-", |candidate| candidate.endpoint.key());
    tracing::debug!(id = %call.id(), endpoint, "hedging");
}

pub(crate) fn waiting(call: &Call, wait: Duration) {
    let candidate = call.candidate();
    let endpoint = candidate.map_or("-", |candidate| candidate.endpoint.key());
    tracing::debug!(id = %call.id(), endpoint, wait_ms = wait.as_millis() as u64, "waiting");
}

pub(crate) fn probing(call: &Call) {
    let candidate = call.candidate();
    let endpoint = candidate.map_or("-", |candidate| candidate.endpoint.key());
    tracing::info!(id = %call.id(), endpoint, "probing");
}

pub(crate) fn circuit_changed(attempt: &Attempt, change: Change) {
    let candidate = attempt.candidate();
    let endpoint = candidate.map_or("-", |candidate| candidate.endpoint.key());
    match change {
        Change::Ejected(cause, wait) => tracing::warn!(
            endpoint,
            cause = cause.as_str(),
            wait_ms = wait.as_millis() as u64,
            "ejected"
        ),
        Change::Readmitted => tracing::info!(endpoint, "readmitted"),
    }
}

pub(crate) fn key_changed(attempt: &Attempt, change: Change) {
    let candidate = attempt.candidate();
    let endpoint = candidate.map_or("-", |candidate| candidate.endpoint.key());
    let key = attempt.key_label().unwrap_or("-");
    match change {
        Change::Ejected(cause, wait) => tracing::warn!(
            endpoint,
            key,
            cause = cause.as_str(),
            wait_ms = wait.as_millis() as u64,
            "key benched"
        ),
        Change::Readmitted => tracing::info!(endpoint, key, "key readmitted"),
    }
}

pub(crate) fn recovering(call: &Call, error: Option<&Error>, bytes: usize) {
    let candidate = call.candidate();
    let to = candidate.map_or("-", |candidate| candidate.endpoint.tag());
    let error = error.map_or("-", |error| error.kind().as_str());
    tracing::debug!(id = %call.id(), error, to, bytes, "recovering");
}

pub(crate) fn broke_after_content(call: &Call, error: &Error) {
    tracing::debug!(id = %call.id(), error = error.kind().as_str(), "broke after content");
}

pub(crate) fn near_limit(level: &Level, whose: &str, percent: u8) {
    let rule = &level.rule;
    let unit = rule.unit();
    tracing::warn!(
        rule = rule.name(),
        scope = rule.scope().name(),
        whose,
        unit = unit.name(),
        percent,
        used = %Amount(unit, level.used),
        held = %Amount(unit, level.held),
        limit = %Amount(unit, level.most),
        "near a limit"
    );
}

pub(crate) fn uncounted(rule: &Rule) {
    tracing::warn!(
        rule = rule.name(),
        scope = rule.scope().name(),
        unit = rule.unit().name(),
        "a limit that the ledger does not count"
    );
}

/// Refused before it could reach `settle`, so that no record tells of it.
#[cfg(feature = "gateway")]
pub(crate) fn refused(call: Option<&Call>, error: &Error) {
    let id = call.map_or("-", |call| call.id().as_str());
    tracing::info!(%id, error = %error.kind().as_str(), status = error.status().as_u16(), "refused");
}

pub(crate) fn settled(record: &Record) {
    let attempt = record.answer();
    tracing::info!(
        id = %record.id,
        model = %attempt.and_then(|last| last.model()).unwrap_or("-"),
        provider = %attempt.and_then(|last| last.provider()).unwrap_or("-"),
        attempts = record.attempts.len(),
        end = %record.end.as_str(),
        prompt_tokens = record.usage.prompt_tokens(),
        completion_tokens = record.usage.completion_tokens(),
        charge = record.charge.map(tracing::field::display),
        took_ms = record.took.as_millis() as u64,
        first_token_ms = record.first_token.map(|first| first.as_millis() as u64),
        "settled"
    );
    for attempt in &record.attempts {
        if let Some((listed, reported)) = attempt.disagreement() {
            tracing::warn!(
                id = %record.id,
                endpoint = %attempt.endpoint.as_deref().map_or("-", Endpoint::key),
                %listed,
                %reported,
                "the provider bills another amount than its price list"
            );
        }
    }
}

pub(crate) fn abandoned(hold: &HoldRow) {
    tracing::warn!(
        id = %hold.id,
        account = %hold.account,
        model = %hold.model.as_deref().unwrap_or("-"),
        held = %hold.amount,
        "abandoned"
    );
}

/// What a start took for abandoned was not.
pub(crate) fn settled_late(row: &Row) {
    let charge = row.charge.map(tracing::field::display);
    tracing::warn!(
        id = %row.id,
        account = %row.account,
        model = row.requested.as_deref().unwrap_or("-"),
        charge,
        "settled late"
    );
}

/// Tried again, unless it is in conflict.
pub(crate) fn not_stored(error: &StoreError, entries: usize) {
    tracing::error!(%error, entries, "the ledger is not stored");
}

/// What was read before holds on.
#[cfg(feature = "gateway")]
pub(crate) fn not_read(error: &StoreError) {
    tracing::error!(%error, "the keys cannot be read from the store");
}

/// Tried again.
pub(crate) fn not_leased(error: &StoreError) {
    tracing::error!(%error, "no limits can be leased");
}

/// It stays so: an operator has to do something.
pub(crate) fn name_taken(name: &str, why: &StoreError) {
    tracing::error!(
        replica = name,
        %why,
        "another process has taken the name of this one: it leases nothing more, and refuses whoever needs a limit. \
         End one of the two, or give it a name of its own"
    );
}

pub(crate) fn stored_again() {
    tracing::info!("the ledger is stored again");
}

/// The last word of it: its row is nowhere.
pub(crate) fn lost(error: &StoreError, entry: &Entry) {
    let charge = entry.charge().map(tracing::field::display);
    tracing::error!(%error, entry = entry.name(), charge, "lost");
}

/// It is tried again later.
pub(crate) fn set_aside(error: &StoreError, entry: &Entry) {
    let charge = entry.charge().map(tracing::field::display);
    tracing::error!(%error, entry = entry.name(), charge, "set aside");
}

/// Rows that are kept no longer.
pub(crate) fn pruned(pruned: &Result<u64, StoreError>) {
    match pruned {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(rows, "pruned"),
        Err(error) => tracing::warn!(%error, "not pruned"),
    }
}

pub(crate) fn writer_gone() {
    tracing::error!("the thread that writes the ledger has ended: nobody is let in any more");
}

pub(crate) fn overrun(record: &Record, overrun: Money) {
    tracing::info!(
        id = %record.id,
        model = record.requested.as_deref().unwrap_or("-"),
        held = %record.held,
        overrun = %overrun,
        "overrun"
    );
}

pub(crate) fn narrowed(call: &Call, plan: &Plan) {
    tracing::debug!(
        id = %call.id(),
        candidates = plan.candidates.len(),
        plan = %Ordered(plan),
        "narrowed"
    );
}

#[cfg(feature = "gateway")]
pub(crate) fn shutting_down(connections: usize, grace: Duration) {
    tracing::info!(connections, ?grace, "shutting down");
}

#[cfg(feature = "gateway")]
pub(crate) fn grace_over(cut_off: usize) {
    tracing::warn!(cut_off, "the grace of the shutdown is over");
}

#[cfg(feature = "gateway")]
pub(crate) fn cannot_accept(error: &std::io::Error) {
    tracing::error!(%error, "cannot accept");
}

// === impl Ordered ===

impl fmt::Display for Ordered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let candidates = &self.0.candidates;
        for (place, candidate) in candidates.iter().take(TOLD).enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(
                f,
                "{comma}{} ({})",
                candidate.endpoint.key(),
                candidate.reason
            )?;
        }
        match candidates.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, ", and {more} more"),
        }
    }
}
