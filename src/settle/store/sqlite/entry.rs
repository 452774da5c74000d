//! Holds and credits as bytes, and back.

use super::bytes::{Put, Take};
use super::row::{key_of, money, put_money};
use crate::settle::store::micros::{micros_of, time_of};
use crate::settle::store::{Credit, CreditKind, HoldRow};

pub(super) fn of_hold(hold: &HoldRow) -> Vec<u8> {
    let mut put = Put::default();
    put.number(micros_of(hold.created).unsigned_abs());
    put.text(&hold.account);
    put.maybe(hold.key, |put, key| put.raw(key.as_bytes()));
    put.maybe(hold.model.as_ref(), |put, model| put.text(model));
    put_money(&mut put, hold.amount);
    put.text(&hold.replica);
    put.maybe(hold.user.as_ref(), |put, user| put.text(user));
    put.maybe(hold.tag.as_ref(), |put, tag| put.text(tag));
    put.sealed(&[hold.id.as_str().as_bytes()])
}

/// The hold of this name; none if it is damaged.
pub(super) fn hold(id: &str, bytes: &[u8]) -> Option<HoldRow> {
    let mut take = Take::unsealed(bytes, &[id.as_bytes()])?;
    let mut hold = HoldRow {
        id: id.parse().ok()?,
        created: time_of(take.number()?.try_into().ok()?),
        account: take.text()?,
        key: take.maybe(|take| key_of(take.raw(32)?))?,
        model: take.maybe(Take::text)?,
        amount: money(&mut take)?,
        replica: take.text()?,
        user: None,
        tag: None,
    };
    // Before the third schema they were not kept.
    if !take.is_empty() {
        hold.user = take.maybe(Take::text)?;
        hold.tag = take.maybe(Take::text)?;
    }
    take.end()?;
    Some(hold)
}

/// Of what is not in a column of its own.
pub(super) fn of_credit(credit: &Credit) -> Vec<u8> {
    let mut put = Put::default();
    let kind = CreditKind::ALL.iter().position(|kind| *kind == credit.kind);
    put.number(kind.unwrap_or_default() as u64);
    put_money(&mut put, credit.amount);
    put_money(&mut put, credit.fee);
    put.text(&credit.note);
    let created = micros_of(credit.created).to_le_bytes();
    put.sealed(&[credit.id.as_bytes(), credit.account.as_bytes(), &created])
}

/// The credit of this name; none if it is damaged.
pub(super) fn credit(id: String, account: String, created: i64, bytes: &[u8]) -> Option<Credit> {
    let sealed_to = created.to_le_bytes();
    let sealed_to = [id.as_bytes(), account.as_bytes(), &sealed_to];
    let mut take = Take::unsealed(bytes, &sealed_to)?;
    let kind = usize::try_from(take.number()?).ok()?;
    let (kind, amount, fee) = (
        *CreditKind::ALL.get(kind)?,
        money(&mut take)?,
        money(&mut take)?,
    );
    let note = take.text()?;
    take.end()?;
    Some(Credit {
        id,
        account,
        kind,
        amount,
        fee,
        created: time_of(created),
        note,
    })
}
