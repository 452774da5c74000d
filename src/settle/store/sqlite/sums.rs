//! The sums of a day as bytes, and back.

use super::bytes::{Put, Take};
use super::row::key_of;
use crate::calendar::Day;
use crate::settle::store::Spend;
use crate::settle::store::sums::Cell;

/// The form of the bytes: another one is another number.
const FORM: u64 = 2;

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
    let mut spend = spend.clone();
    let mut put = Put::default();
    put.number(FORM);
    let (counts, amounts) = parts(&mut spend);
    counts.into_iter().for_each(|count| put.number(*count));
    amounts.into_iter().for_each(|amount| put.signed(*amount));
    put.sealed(&[&day.to_le_bytes(), account.as_bytes(), cell])
}

/// None if it is damaged.
pub(super) fn spend_of(bytes: &[u8], day: i32, account: &str, cell: &[u8]) -> Option<Spend> {
    let sealed_to = [&day.to_le_bytes()[..], account.as_bytes(), cell];
    let mut take = Take::unsealed(bytes, &sealed_to)?;
    let mut spend = Spend::default();
    if take.number()? != FORM {
        return None;
    }
    let (counts, amounts) = parts(&mut spend);
    for count in counts {
        *count = take.number()?;
    }
    for amount in amounts {
        *amount = take.signed()?;
    }
    take.end()?;
    Some(spend)
}

/// As the first schema had it: what it did not have is taken to be what it may be at most.
pub(super) fn first_form(bytes: &[u8], day: i32, account: &str, cell: &[u8]) -> Option<Spend> {
    let sealed_to = [&day.to_le_bytes()[..], account.as_bytes(), cell];
    let mut take = Take::unsealed(bytes, &sealed_to)?;
    let mut spend = Spend {
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
        ..Spend::default()
    };
    take.end()?;
    spend.cost_at_most = spend.cost_exact;
    spend.cost_no_bound = spend.cost_unknown;
    if spend.cost_estimated != 0 {
        spend.cost_no_bound = spend.cost_no_bound.saturating_add(spend.requests);
    }
    Some(spend)
}

/// In the order of the bytes: counts, then amounts.
fn parts(spend: &mut Spend) -> ([&mut u64; 9], [&mut i128; 9]) {
    let Spend {
        of: _,
        requests,
        charge_unknown,
        charge_unknown_held,
        charge,
        charge_estimated,
        fee,
        cost_exact,
        cost_estimated,
        cost_unknown,
        cost_at_most,
        cost_no_bound,
        byok_cost,
        byok_unknown,
        byok_counted,
        prompt_tokens,
        cached_tokens,
        completion_tokens,
        reasoning_tokens,
    } = spend;
    let counts = [
        requests,
        charge_unknown,
        cost_unknown,
        cost_no_bound,
        byok_unknown,
        prompt_tokens,
        cached_tokens,
        completion_tokens,
        reasoning_tokens,
    ];
    let amounts = [
        charge,
        fee,
        cost_exact,
        cost_estimated,
        cost_at_most,
        byok_cost,
        byok_counted,
        charge_estimated,
        charge_unknown_held,
    ];
    (counts, amounts)
}
