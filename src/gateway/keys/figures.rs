//! What was spent with each key.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::calendar::{Day, Period};
use crate::caller::{Caller, KeyId};
use crate::error::Error;
use crate::gateway::blocking::{blocking, failed};
use crate::gateway::router::Gateway;
use crate::money::Money;
use crate::settle::store::{Dimension, Row, Spend, SpendQuery, Store, StoreError};

/// What was spent with one key: in all, today, this week and this month, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) total: Spent,
    pub(super) daily: Spent,
    pub(super) weekly: Spent,
    pub(super) monthly: Spent,
}

/// In picodollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    paid: i128,
    byok: i128,
    counted: i128,
}

/// Of all keys that are asked for. One of which nothing is known has spent nothing.
pub(super) type ByKey = HashMap<KeyId, Figures>;

/// A month that is not over, and the week in which it began.
const MOST_DAYS: usize = 31 + 7;
/// How many models are looked at, of one day: more than there are.
const MOST_MODELS: usize = 100_000;

/// What was spent with each of these keys: by the books, or without a store by the newest records that are still kept.
pub(super) async fn of(
    gateway: &Gateway,
    keys: Vec<KeyId>,
    wall: SystemTime,
) -> Result<ByKey, Error> {
    if keys.is_empty() {
        return Ok(ByKey::new());
    }
    match gateway.books.store() {
        Some(store) => {
            let store = store.clone();
            let sums = blocking(move || by_store(&store, keys, wall)).await;
            sums.map_err(|why| failed(&why))
        }
        None => {
            let mut sums = ByKey::new();
            for record in gateway.books.records() {
                let caller = record.caller.as_ref().map(|caller| caller.key());
                if let Some(caller) = caller.filter(|caller| keys.contains(caller)) {
                    let spent = Spent::of(&Spend::of_row(&Row::from(&record)));
                    let figures = sums.entry(caller).or_default();
                    figures.total.add(spent);
                    figures.add(Day::of(record.created), spent, wall);
                }
            }
            Ok(sums)
        }
    }
}

/// How often the account of this caller has asked free models today, where nothing counts it: likewise.
pub(super) async fn free_today(
    gateway: &Gateway,
    caller: &Caller,
    wall: SystemTime,
) -> Result<u64, Error> {
    let is_free = |model: Option<&str>| model.is_some_and(|model| model.ends_with(":free"));
    let (account, today) = (caller.account_name().to_owned(), Day::of(wall));
    let Some(store) = gateway.books.store().cloned() else {
        let records = gateway.books.records();
        let asked = records.iter().filter(|record| {
            let caller = record.caller.as_ref();
            caller.is_some_and(|caller| caller.account_name() == account)
                && Day::of(record.created) == today
                && is_free(record.requested.as_deref())
        });
        return Ok(asked.count() as u64);
    };
    let query = SpendQuery {
        from: today,
        to: today.plus(1),
        by: vec![Dimension::Model],
        account: Some(account),
        keys: None,
        user: None,
        tag: None,
        limit: MOST_MODELS,
    };
    let sums = blocking(move || store.spend(&query)).await;
    let sums = sums.map_err(|why| failed(&why))?;
    let free = sums
        .iter()
        .filter(|sum| is_free(sum.of.first().and_then(|it| it.as_deref())));
    Ok(free.map(|sum| sum.requests).sum())
}

fn by_store(
    store: &Arc<dyn Store>,
    keys: Vec<KeyId>,
    wall: SystemTime,
) -> Result<ByKey, StoreError> {
    let mut sums = ByKey::new();
    let today = Day::of(wall);
    let first = [Period::Weekly, Period::Monthly].map(|period| Day::of(period.around(wall).0));
    let mut query = SpendQuery {
        from: Day::from_number(0),
        to: today.plus(1),
        by: vec![Dimension::Key],
        account: None,
        limit: keys.len(),
        keys: Some(keys),
        user: None,
        tag: None,
    };
    for spend in store.spend(&query)? {
        if let Some(Some(Ok(id))) = spend.of.first().map(|it| it.as_deref().map(str::parse)) {
            let figures: &mut Figures = sums.entry(id).or_default();
            figures.total.add(Spent::of(&spend));
        }
    }
    query.from = first[0].min(first[1]);
    query.by.push(Dimension::Day);
    query.limit = query.limit.saturating_mul(MOST_DAYS);
    for spend in store.spend(&query)? {
        if let [Some(id), Some(day)] = &spend.of[..]
            && let (Ok(id), Ok(day)) = (id.parse(), day.parse())
        {
            let figures = sums.entry(id).or_default();
            figures.add(day, Spent::of(&spend), wall);
        }
    }
    Ok(sums)
}

// === impl Figures ===

impl Figures {
    fn add(&mut self, day: Day, spent: Spent, wall: SystemTime) {
        let periods = [
            (Period::Daily, &mut self.daily),
            (Period::Weekly, &mut self.weekly),
            (Period::Monthly, &mut self.monthly),
        ];
        for (period, sum) in periods {
            let (from, to) = period.around(wall);
            if (from..to).contains(&day.start()) {
                sum.add(spent);
            }
        }
    }

    /// What its limit counts that begins anew with each of these.
    pub(super) fn counted(&self, reset: Option<Period>) -> Money {
        let spent = match reset {
            None => self.total,
            Some(Period::Daily) => self.daily,
            Some(Period::Weekly) => self.weekly,
            Some(Period::Monthly) => self.monthly,
        };
        money(spent.counted)
    }
}

// === impl Spent ===

impl Spent {
    fn of(spend: &Spend) -> Self {
        Self {
            paid: spend.charge.saturating_add(spend.fee),
            byok: spend.byok_cost,
            counted: spend.counted(true),
        }
    }

    fn add(&mut self, more: Self) {
        self.paid = self.paid.saturating_add(more.paid);
        self.byok = self.byok.saturating_add(more.byok);
        self.counted = self.counted.saturating_add(more.counted);
    }

    /// To the operator.
    pub(super) fn paid(self) -> Money {
        money(self.paid)
    }

    /// To providers, for what was asked with the caller's own keys.
    pub(super) fn byok(self) -> Money {
        money(self.byok)
    }
}

/// Nine million dollars, and what is more.
fn money(picodollars: i128) -> Money {
    let least = i128::from(Money::MIN.picodollars());
    let within = picodollars.clamp(least, Money::MAX.picodollars().into());
    Money::from_picodollars(i64::try_from(within).expect("it is within"))
}
