//! What was used before, by the books: so that limits begin where they have ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::store::{Dimension, Row, RowQuery, Spend, SpendQuery, Store, StoreError};
use crate::calendar::Day;
use crate::caller::{Caller, KeyId};
use crate::limits::{DEEPEST, Limits, Now, Rule, Scope, Subject, Unit, Window};
use crate::money::Money;

/// Whose use is asked for? Of both none: everybody's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Whose<'a> {
    pub(crate) account: Option<&'a str>,
    /// Of any of these.
    pub(crate) keys: Option<&'a [KeyId]>,
}

/// So many rows are read at once.
const AT_ONCE: usize = 1000;
/// The sums of so many days are read at once.
const DAYS: usize = 32;
/// So far back rows are read, at most: a rolling window of a day, with its sixteenth.
pub(super) const ROWS: Duration = Duration::from_secs(25 * 3600 + 1800);

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
/// Windows of days, and all that are longer than a day, are answered by the sums of days, which stay when rows are forgotten;
/// all others by rows.
pub(crate) fn used(
    store: &dyn Store,
    rule: &Rule,
    whose: Whose<'_>,
    now: Now,
    tell: impl FnMut(&Subject<'_>, u64, SystemTime),
) -> Result<(), StoreError> {
    let back = |time: Duration| now.wall.checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH);
    let span = match rule.window() {
        _ if rule.unit() == Unit::Concurrency => return Ok(()),
        Window::Forever => {
            return by_day(store, rule, whose, Day::from_number(0), None, now, tell);
        }
        Window::Calendar(period) => {
            let first = Day::of(period.around(now.wall).0);
            return by_day(store, rule, whose, first, None, now, tell);
        }
        // A sixteenth counts until all of it is as old.
        Window::Rolling(time) => time + time / 16,
        // Before that, all has flowed off.
        Window::Bucket { period, burst } => {
            let limit = u32::try_from(rule.limit()).unwrap_or(u32::MAX).max(1);
            let full = (period.saturating_mul(burst.get()) / limit).max(period);
            // Unless it was in debt, which is never deeper; of that, what the sums would blur is left out.
            let debt = period.saturating_mul(DEEPEST).min(ROWS);
            full.max(debt)
        }
    };
    match span > ROWS {
        // Of a day nobody knows the hour: as if all of it had been used at its end.
        true => {
            let end = |day: Day| day.plus(1).start().min(now.wall);
            by_day(
                store,
                rule,
                whose,
                Day::of(back(span)),
                Some(&end),
                now,
                tell,
            )
        }
        false => by_row(store, rule, whose, back(span), tell),
    }
}

/// The sums since this day: each day at its time, or all of them now, since they are in one window.
fn by_day(
    store: &dyn Store,
    rule: &Rule,
    whose: Whose<'_>,
    from: Day,
    time: Option<&dyn Fn(Day) -> SystemTime>,
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
    let mut query = SpendQuery {
        from,
        to: Day::from_number(i32::MAX),
        by: vec![Dimension::Day],
        account: whose.account.map(str::to_owned),
        keys: whose.keys.map(<[KeyId]>::to_vec),
        user: None,
        tag: None,
        limit: usize::MAX,
    };
    let days = store.spend(&query)?;
    let days = days
        .iter()
        .filter_map(|sum| sum.of[0].as_ref()?.parse().ok());
    let days: Vec<Day> = days.collect();
    query.by = by;
    for some in days.chunks(time.map_or(DAYS, |_| 1)) {
        (query.from, query.to) = (some[0], some[some.len() - 1].plus(1));
        let time = time.map_or(now.wall, |time| time(some[0]));
        let sums = store.spend(&query)?;
        tell_sums(rule, &query.by, &sums, time, &mut tell);
    }
    Ok(())
}

fn tell_sums(
    rule: &Rule,
    by: &[Dimension],
    sums: &[Spend],
    time: SystemTime,
    tell: &mut impl FnMut(&Subject<'_>, u64, SystemTime),
) {
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
        tell(&subject, of_sum(rule, sum), time);
    }
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
        key: match whose.keys {
            Some([one]) => Some(*one),
            _ => None,
        },
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
