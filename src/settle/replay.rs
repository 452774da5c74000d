//! What was used before, by the books: so that limits begin where they have ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::store::{Dimension, Row, RowQuery, Spend, SpendQuery, Store, StoreError};
use crate::calendar::Day;
use crate::caller::{Caller, KeyId};
use crate::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};
use crate::money::Money;

/// Whose use is asked for? Of both none: everybody's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Whose<'a> {
    pub(crate) account: Option<&'a str>,
    pub(crate) key: Option<KeyId>,
}

/// So many rows are read at once.
const AT_ONCE: usize = 1000;

/// Charges all rules of these limits with what counts of the past. It blocks.
pub(super) fn replay(store: &dyn Store, limits: &Limits, now: Now) -> Result<(), StoreError> {
    let shares = limits.is_shared();
    // Whoever keeps what several count knows of it.
    let rules = limits.rules().into_iter();
    for rule in rules.filter(|rule| !(shares && rule.can_be_shared())) {
        used(
            store,
            &rule,
            Whose::default(),
            now,
            |subject, amount, then| limits.charge_by(&rule, subject, amount, then, now),
        )?;
    }
    Ok(())
}

/// What was used of what this rule counts, in the window that is on: how much, of what, and when. It blocks.
///
/// Windows of days are answered by the sums of days, all others by rows.
pub(crate) fn used(
    store: &dyn Store,
    rule: &Rule,
    whose: Whose<'_>,
    now: Now,
    tell: impl FnMut(&Subject<'_>, u64, SystemTime),
) -> Result<(), StoreError> {
    let back = |time: Duration| now.wall.checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH);
    match rule.window() {
        _ if rule.unit() == Unit::Concurrency => Ok(()),
        Window::Forever => by_day(store, rule, whose, Day::from_number(0), now, tell),
        Window::Calendar(period) => {
            let first = Day::of(period.around(now.wall).0);
            by_day(store, rule, whose, first, now, tell)
        }
        // A sixteenth counts until all of it is as old.
        Window::Rolling(time) => by_row(store, rule, whose, back(time + time / 16), tell),
        // Before that, all has flowed off.
        Window::Bucket { period, burst } => {
            let limit = u32::try_from(rule.limit()).unwrap_or(u32::MAX).max(1);
            let full = period.saturating_mul(burst.get()) / limit;
            by_row(store, rule, whose, back(full.max(period)), tell)
        }
    }
}

fn by_day(
    store: &dyn Store,
    rule: &Rule,
    whose: Whose<'_>,
    from: Day,
    now: Now,
    mut tell: impl FnMut(&Subject<'_>, u64, SystemTime),
) -> Result<(), StoreError> {
    let mut by = vec![Dimension::Account];
    match rule.scope() {
        Scope::Account => {}
        Scope::Key => by.push(Dimension::Key),
        Scope::Model => by.push(Dimension::Model),
        Scope::Provider => by.push(Dimension::Endpoint),
        Scope::User => by.push(Dimension::User),
        Scope::Tag => by.push(Dimension::Tag),
    }
    if rule.has_models() && !by.contains(&Dimension::Model) {
        by.push(Dimension::Model);
    }
    let sums = store.spend(&SpendQuery {
        from,
        to: Day::from_number(i32::MAX),
        by: by.clone(),
        account: whose.account.map(str::to_owned),
        keys: whose.key.map(|key| vec![key]),
        user: None,
        tag: None,
        limit: usize::MAX,
    })?;
    for sum in sums {
        let of = |dimension| {
            let place = by.iter().position(|it| *it == dimension)?;
            sum.of.get(place)?.as_deref()
        };
        let caller = caller(of(Dimension::Account), of(Dimension::Key));
        let provider = of(Dimension::Endpoint).map(provider_of);
        let subject = Subject {
            caller: caller.as_ref(),
            model: of(Dimension::Model),
            models: &[],
            providers: provider.as_slice(),
            user: of(Dimension::User),
            tag: of(Dimension::Tag),
        };
        // All of these days are in one window.
        tell(&subject, of_sum(rule, &sum), now.wall);
    }
    Ok(())
}

fn by_row(
    store: &dyn Store,
    rule: &Rule,
    whose: Whose<'_>,
    from: SystemTime,
    mut tell: impl FnMut(&Subject<'_>, u64, SystemTime),
) -> Result<(), StoreError> {
    let mut query = RowQuery {
        from,
        to: Day::from_number(i32::MAX).start(),
        account: whose.account.map(str::to_owned),
        key: whose.key,
        after: None,
        limit: AT_ONCE,
    };
    loop {
        let rows = store.rows(&query)?;
        for row in &rows {
            let key = row.key.map(|key| key.to_string());
            let caller = caller(Some(&row.account), key.as_deref());
            let provider = row.endpoint.as_deref().map(provider_of);
            let model = row.model.as_deref();
            let subject = Subject {
                caller: caller.as_ref(),
                model: row.requested.as_deref(),
                models: model.as_slice(),
                providers: provider.as_slice(),
                user: row.user.as_deref(),
                tag: row.tag.as_deref(),
            };
            tell(&subject, of_row(rule, row), row.created);
        }
        match rows.last() {
            Some(last) if rows.len() == AT_ONCE => query.after = Some((last.created, last.id)),
            _ => return Ok(()),
        }
    }
}

/// Who asked, as far as it is known.
fn caller(account: Option<&str>, key: Option<&str>) -> Option<Caller> {
    let key = key.and_then(|key| key.parse().ok());
    // By an account alone nobody looks at the key.
    let key = key.unwrap_or(KeyId::from_bytes([0; 32]));
    let account: Arc<str> = account?.into();
    Some(Caller::new(key).account(account))
}

/// An endpoint's tag begins with the slug of its provider.
fn provider_of(tag: &str) -> &str {
    tag.split_once('/').map_or(tag, |(slug, _)| slug)
}

fn of_sum(rule: &Rule, sum: &Spend) -> u64 {
    match rule.unit() {
        Unit::Money => {
            let counted = sum.counted(rule.scope() == Scope::Key).max(0);
            u64::try_from(counted).unwrap_or(u64::MAX)
        }
        Unit::Requests => sum.requests,
        Unit::Tokens => sum.prompt_tokens.saturating_add(sum.completion_tokens),
        Unit::Concurrency => 0,
    }
}

/// As a ledger settles it.
fn of_row(rule: &Rule, row: &Row) -> u64 {
    match rule.unit() {
        Unit::Money => {
            let counted = match rule.scope() {
                Scope::Key => row.drawn().saturating_add(row.byok_counted),
                _ => row.drawn(),
            };
            counted.max(Money::ZERO).picodollars().unsigned_abs()
        }
        Unit::Requests => 1,
        Unit::Tokens => {
            let (read, written) = (row.usage.prompt_tokens(), row.usage.completion_tokens());
            read.saturating_add(written)
        }
        Unit::Concurrency => 0,
    }
}
