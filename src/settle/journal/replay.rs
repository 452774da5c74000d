//! What was spent before the start counts.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::calendar::Day;
use crate::caller::Caller;
use crate::limits::{Limits, Now, Subject, Unit};
use crate::settle::store::{Dimension, Spend, SpendQuery, Store, StoreError};

/// By what limits tell requests apart, but for the provider.
const BY: [Dimension; 6] = [
    Dimension::Day,
    Dimension::Account,
    Dimension::Key,
    Dimension::Model,
    Dimension::User,
    Dimension::Tag,
];

/// Charges limits of money with what the sums of each day say. A day that is over counts as if all of it had been spent in its last
/// moment, today's as if just now: a limit that rolls on refuses too much for a while, never too little.
pub(super) fn replay(store: &dyn Store, limits: &Limits, now: Now) -> Result<(), StoreError> {
    if limits.is_empty() {
        return Ok(());
    }
    let query = SpendQuery {
        from: Day::from_number(0),
        to: Day::from_number(i32::MAX),
        by: BY.to_vec(),
        account: None,
        key: None,
        user: None,
        tag: None,
        limit: usize::MAX,
    };
    for sum in store.spend(&query)? {
        charge(limits, &sum, now);
    }
    Ok(())
}

fn charge(limits: &Limits, sum: &Spend, now: Now) {
    let [day, account, key, model, user, tag] = &sum.of[..] else {
        return;
    };
    let caller = key.as_deref().and_then(|key| key.parse().ok());
    let account: Arc<str> = account.as_deref().unwrap_or(Caller::ACCOUNT).into();
    let caller = caller.map(|key| Caller::new(key).account(account));
    let subject = Subject {
        caller: caller.as_ref(),
        model: model.as_deref(),
        models: &[],
        providers: &[],
        user: user.as_deref(),
        tag: tag.as_deref(),
    };
    let paid = sum.charge.saturating_add(sum.fee).max(0);
    let amount = u64::try_from(paid).unwrap_or(u64::MAX);
    let then = end_of(day.as_deref()).map_or(now.wall, |end| end.min(now.wall));
    limits.charge(&subject, Unit::Money, amount, then, now);
}

fn end_of(day: Option<&str>) -> Option<SystemTime> {
    let day: Day = day?.parse().ok()?;
    Some(day.plus(1).start() - Duration::from_micros(1))
}
