//! The sums of a day as bytes, and back.

use super::bytes::{Put, Take};
use super::row::key_of;
use crate::calendar::Day;
use crate::settle::store::Spend;
use crate::settle::store::sums::Cell;

/// What a sum is of, but for its day and its account, which have columns of their own.
pub(super) fn of_cell(cell: &Cell) -> Vec<u8> {
    let mut put = Put::default();
    put.maybe(cell.key, |put, key| put.raw(key.as_bytes()));
    for text in [
        &cell.model,
        &cell.provider,
        &cell.endpoint,
        &cell.user,
        &cell.tag,
    ] {
        put.maybe(text.as_ref(), |put, text| put.text(text));
    }
    put.into_bytes()
}

/// A sum, with what it is of; none if it is damaged.
pub(super) fn sum(day: i32, account: String, cell: &[u8], spend: &[u8]) -> Option<(Cell, Spend)> {
    let spend = spend_of(spend, day, &account, cell)?;
    let mut take = Take::new(cell);
    let cell = Cell {
        day: Day::from_number(day),
        account,
        key: take.maybe(|take| key_of(take.raw(32)?))?,
        model: take.maybe(Take::text)?,
        provider: take.maybe(Take::text)?,
        endpoint: take.maybe(Take::text)?,
        user: take.maybe(Take::text)?,
        tag: take.maybe(Take::text)?,
    };
    take.end()?;
    Some((cell, spend))
}

pub(super) fn of_spend(spend: &Spend, day: i32, account: &str, cell: &[u8]) -> Vec<u8> {
    let mut put = Put::default();
    for count in [
        spend.requests,
        spend.charge_unknown,
        spend.cost_unknown,
        spend.prompt_tokens,
        spend.cached_tokens,
        spend.completion_tokens,
        spend.reasoning_tokens,
    ] {
        put.number(count);
    }
    for money in [
        spend.charge,
        spend.fee,
        spend.cost_exact,
        spend.cost_estimated,
    ] {
        put.signed(money);
    }
    put.sealed(&[&day.to_le_bytes(), account.as_bytes(), cell])
}

/// None if it is damaged.
pub(super) fn spend_of(bytes: &[u8], day: i32, account: &str, cell: &[u8]) -> Option<Spend> {
    let sealed_to = [&day.to_le_bytes()[..], account.as_bytes(), cell];
    let mut take = Take::unsealed(bytes, &sealed_to)?;
    let spend = Spend {
        of: Vec::new(),
        requests: take.number()?,
        charge_unknown: take.number()?,
        cost_unknown: take.number()?,
        prompt_tokens: take.number()?,
        cached_tokens: take.number()?,
        completion_tokens: take.number()?,
        reasoning_tokens: take.number()?,
        charge: take.signed()?,
        fee: take.signed()?,
        cost_exact: take.signed()?,
        cost_estimated: take.signed()?,
    };
    take.end()?;
    Some(spend)
}
