//! A row as bytes, and back.

use super::bytes::{Put, Take};
use crate::caller::KeyId;
use crate::generation::GenerationId;
use crate::money::Money;
use crate::settle::Certainty;
use crate::settle::store::micros::{micros_of, time_of};
use crate::settle::store::{AttemptRow, Row};
use crate::usage::Usage;

/// A row as it lies in the file.
#[derive(Debug, PartialEq)]
pub(super) struct Stored {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) account: String,
    pub(super) key: Option<Vec<u8>>,
    pub(super) body: Vec<u8>,
}

/// The form of the bytes: another one is another number. The first one lacks what is [added](put_added) at the end.
const FORM: u64 = 2;
const FIRST_FORM: u64 = 1;
/// By their numbers.
const SURE: [Certainty; 3] = [Certainty::Exact, Certainty::Estimated, Certainty::Unknown];

// === impl Stored ===

impl Stored {
    pub(super) fn of(row: &Row) -> Self {
        let mut put = Put::default();
        put.number(FORM);
        body(&mut put, row);
        put_added(&mut put, row);
        let mut stored = Self {
            id: row.id.to_string(),
            created: micros_of(row.created),
            account: row.account.clone(),
            key: row.key.map(|key| key.as_bytes().to_vec()),
            body: Vec::new(),
        };
        stored.body = put.sealed(&stored.sealed_to(&stored.created.to_le_bytes()));
        stored
    }

    /// The row; none if it is damaged.
    pub(super) fn row(&self) -> Option<Row> {
        let created = self.created.to_le_bytes();
        let mut take = Take::unsealed(&self.body, &self.sealed_to(&created))?;
        let form = take.number()?;
        let mut row = read(&mut take, self)?;
        match form {
            FORM => added(&mut take, &mut row)?,
            FIRST_FORM => as_far_as_known(&mut row),
            _ => return None,
        }
        take.end()?;
        Some(row)
    }

    fn sealed_to<'a>(&'a self, created: &'a [u8]) -> [&'a [u8]; 4] {
        let key = self.key.as_deref().unwrap_or_default();
        [self.id.as_bytes(), created, self.account.as_bytes(), key]
    }
}

pub(super) fn key_of(bytes: &[u8]) -> Option<KeyId> {
    Some(KeyId::from_bytes(bytes.try_into().ok()?))
}

pub(super) fn money(take: &mut Take<'_>) -> Option<Money> {
    let picodollars = take.signed()?.try_into().ok()?;
    Some(Money::from_picodollars(picodollars))
}

pub(super) fn put_money(put: &mut Put, money: Money) {
    put.signed(money.picodollars().into());
}

fn put_text(put: &mut Put, text: Option<&String>) {
    put.maybe(text, |put, text| put.text(text));
}

fn body(put: &mut Put, row: &Row) {
    put_text(put, row.user.as_ref());
    put_text(put, row.tag.as_ref());
    put_text(put, row.requested.as_ref());
    put.likely(row.model.as_deref(), row.requested.as_deref());
    put_text(put, row.provider.as_ref());
    put_text(put, row.endpoint.as_ref());
    put.text(&row.operation);
    put.flag(row.streamed);
    put.text(&row.end);
    put_text(put, row.finish.as_ref());
    put_usage(put, &row.usage);
    put.maybe(row.charge, put_money);
    put_money(put, row.fee);
    put_money(put, row.held);
    put.maybe(row.first_token, Put::number);
    put.number(row.took);
    put_text(put, row.referer.as_ref());
    put_text(put, row.title.as_ref());
    put_text(put, row.user_agent.as_ref());
    put.maybe(row.answered_by, |put, place| put.number(place.into()));
    put.number(row.attempts.len() as u64);
    for attempt in &row.attempts {
        put_attempt(put, attempt, row);
    }
}

fn read(take: &mut Take<'_>, stored: &Stored) -> Option<Row> {
    let id: GenerationId = stored.id.parse().ok()?;
    let (user, tag) = (take.maybe(Take::text)?, take.maybe(Take::text)?);
    let requested = take.maybe(Take::text)?;
    let mut row = Row {
        id,
        created: time_of(stored.created),
        account: stored.account.clone(),
        key: match &stored.key {
            Some(bytes) => Some(key_of(bytes)?),
            None => None,
        },
        user,
        tag,
        model: take.likely(requested.as_deref())?,
        requested,
        provider: take.maybe(Take::text)?,
        endpoint: take.maybe(Take::text)?,
        operation: take.text()?,
        streamed: take.flag()?,
        end: take.text()?,
        finish: take.maybe(Take::text)?,
        usage: usage(take)?,
        charge: take.maybe(money)?,
        certainty: Certainty::Unknown,
        fee: money(take)?,
        held: money(take)?,
        byok_counted: Money::ZERO,
        first_token: take.maybe(Take::number)?,
        took: take.number()?,
        referer: take.maybe(Take::text)?,
        title: take.maybe(Take::text)?,
        user_agent: take.maybe(Take::text)?,
        answered_by: take.maybe(|take| take.number()?.try_into().ok())?,
        attempts: Vec::new(),
    };
    for _ in 0..take.number()? {
        let attempt = attempt(take, &row)?;
        row.attempts.push(attempt);
    }
    Some(row)
}

fn put_added(put: &mut Put, row: &Row) {
    put_certainty(put, row.certainty);
    put_money(put, row.byok_counted);
    for attempt in &row.attempts {
        put.flag(attempt.byok);
    }
}

fn added(take: &mut Take<'_>, row: &mut Row) -> Option<()> {
    row.certainty = certainty(take)?;
    row.byok_counted = money(take)?;
    for attempt in &mut row.attempts {
        attempt.byok = take.flag()?;
    }
    Some(())
}

/// What is not told: whose a key is its name tells, and what limits counted of it was forgotten.
fn as_far_as_known(row: &mut Row) {
    for attempt in &mut row.attempts {
        let key = attempt.key.as_deref();
        attempt.byok = key.is_some_and(|key| key.starts_with("byok "));
    }
    row.certainty = match row.charge {
        None => Certainty::Unknown,
        Some(charge) if charge.is_zero() => Certainty::Exact,
        Some(_) => match row.answer().map(|answer| answer.certainty) {
            Some(Certainty::Exact) => Certainty::Exact,
            _ => Certainty::Estimated,
        },
    };
}

/// Mostly it is the one that answered, and says what the row says.
fn put_attempt(put: &mut Put, attempt: &AttemptRow, row: &Row) {
    put.likely(attempt.model.as_deref(), row.model.as_deref());
    put.likely(attempt.provider.as_deref(), row.provider.as_deref());
    put.likely(attempt.endpoint.as_deref(), row.endpoint.as_deref());
    put_text(put, attempt.upstream_id.as_ref());
    put_text(put, attempt.key.as_ref());
    put.maybe(attempt.status, |put, status| put.number(status.into()));
    put.likely(Some(&attempt.end), Some(&row.end));
    put.maybe(attempt.first_token, Put::number);
    put.number(attempt.took);
    put.flag(attempt.ambiguous);
    let usage = Some(&attempt.usage).filter(|usage| **usage != row.usage);
    put.maybe(usage, put_usage);
    put.maybe(attempt.cost, put_money);
    put_certainty(put, attempt.certainty);
    // Of an exact cost it is the cost.
    let at_most = Some(attempt.at_most).filter(|most| *most != attempt.cost);
    put.maybe(at_most, |put, most| put.maybe(most, put_money));
    put.maybe(attempt.reported, put_money);
    put_text(put, attempt.tier.as_ref());
}

fn attempt(take: &mut Take<'_>, row: &Row) -> Option<AttemptRow> {
    let mut attempt = AttemptRow {
        model: take.likely(row.model.as_deref())?,
        provider: take.likely(row.provider.as_deref())?,
        endpoint: take.likely(row.endpoint.as_deref())?,
        upstream_id: take.maybe(Take::text)?,
        key: take.maybe(Take::text)?,
        byok: false,
        status: take.maybe(|take| take.number()?.try_into().ok())?,
        end: take.likely(Some(&row.end))??,
        first_token: take.maybe(Take::number)?,
        took: take.number()?,
        ambiguous: take.flag()?,
        usage: take.maybe(usage)?.unwrap_or(row.usage),
        cost: take.maybe(money)?,
        certainty: certainty(take)?,
        at_most: None,
        reported: None,
        tier: None,
    };
    let at_most = take.maybe(|take| take.maybe(money))?;
    attempt.at_most = at_most.unwrap_or(attempt.cost);
    attempt.reported = take.maybe(money)?;
    attempt.tier = take.maybe(Take::text)?;
    Some(attempt)
}

fn put_certainty(put: &mut Put, certainty: Certainty) {
    let number = SURE.iter().position(|it| *it == certainty);
    put.number(number.unwrap_or_default() as u64);
}

fn certainty(take: &mut Take<'_>) -> Option<Certainty> {
    let number = usize::try_from(take.number()?).ok()?;
    SURE.get(number).copied()
}

fn put_usage(put: &mut Put, usage: &Usage) {
    let mut usage = *usage;
    let counts = classes(&mut usage);
    // Most of the last ones are zero, and need not be told.
    let told = counts.iter().rposition(|count| **count > 0);
    let told = told.map_or(0, |last| last + 1);
    put.number(told as u64);
    counts[..told].iter().for_each(|count| put.number(**count));
}

fn usage(take: &mut Take<'_>) -> Option<Usage> {
    let mut usage = Usage::default();
    let told = usize::try_from(take.number()?).ok()?;
    for count in classes(&mut usage).get_mut(..told)? {
        **count = take.number()?;
    }
    Some(usage)
}

/// In the order of the bytes: what is most often zero comes last. A class that is new is one that this form does not have: all
/// are named here, so that it does not go unseen.
fn classes(usage: &mut Usage) -> [&mut u64; 13] {
    let Usage {
        input,
        cache_read,
        cache_write,
        cache_write_1h,
        audio_input,
        audio_cache_read,
        image_input,
        output,
        reasoning,
        audio_output,
        image_output,
        images,
        web_searches,
    } = usage;
    [
        input,
        output,
        reasoning,
        cache_read,
        cache_write,
        cache_write_1h,
        audio_input,
        audio_cache_read,
        image_input,
        audio_output,
        image_output,
        images,
        web_searches,
    ]
}
