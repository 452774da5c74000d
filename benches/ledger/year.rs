//! A year of rows: a hundred keys, five models each, and the questions to them.

use std::time::{Duration, Instant, UNIX_EPOCH};

use switchtower::settle::store::{Dimension, Entry, Row, SpendQuery, Store};
use switchtower::{Day, KeyId, Money};

use crate::made::made;

/// So many rows of each day, key and model.
#[derive(Clone, Copy)]
pub(crate) struct Year {
    pub(crate) per_cell: u64,
}

const DAYS: u32 = 365;
const KEYS: u32 = 100;
const MODELS: u32 = 5;
/// The first of December 2025.
const FIRST: i32 = 20_423;
/// The best of so many counts, and so none that reads from a cold disk.
const ROUNDS: u32 = 5;
/// For `/activity`.
const MOST: Duration = Duration::from_millis(100);

// === impl Year ===

impl Year {
    /// About so many rows in all.
    pub(crate) fn of(rows: u64) -> Self {
        let per_cell = rows / u64::from(DAYS * KEYS * MODELS);
        Self {
            per_cell: per_cell.max(1),
        }
    }

    pub(crate) fn rows(self) -> u64 {
        self.per_cell * u64::from(DAYS * KEYS * MODELS)
    }

    /// Of each day, the first and the last microsecond, since 1970; the latter is of the next day.
    pub(crate) fn days() -> impl Iterator<Item = (i64, i64)> {
        let start = |day| (i64::from(FIRST) + day) * 86_400_000_000;
        (0..i64::from(DAYS)).map(move |day| (start(day), start(day + 1)))
    }

    /// One row of each day, key and model, by the store, so that the sums are as many as they would be. Each leaves room for
    /// its copies: the names and microseconds that follow.
    pub(crate) fn begin(self, store: &dyn Store) {
        let (_, record) = made();
        let template = Row::from(&record);
        for (start, _) in Self::days() {
            let start = Duration::from_micros(start as u64);
            let row = |cell: u32| {
                let place = u64::from(cell) * self.per_cell;
                Row {
                    id: format!("gen-{}-{place:020}", start.as_secs())
                        .parse()
                        .unwrap(),
                    created: UNIX_EPOCH + start + Duration::from_micros(place),
                    key: Some(key_of(cell % KEYS)),
                    model: Some(format!("acme/model-{}", cell / KEYS)),
                    user: None,
                    charge: Some(Money::from_picodollars(39_000_000)),
                    ..template.clone()
                }
            };
            let rows: Vec<_> = (0..KEYS * MODELS)
                .map(|cell| Entry::Row(Box::new(row(cell))))
                .collect();
            store.commit(&rows).unwrap();
        }
    }

    /// Asks, prints the answers, and tells what is not kept.
    pub(crate) fn ask(self, store: &dyn Store, of: &str, bytes: u64) -> Option<String> {
        println!(
            "| a year in {of}, {} rows in {:.2} GB | ms | answers |\n|---|--:|--:|",
            thousands(self.rows()),
            bytes as f64 / 1e9
        );
        let last = Day::from_number(FIRST + DAYS as i32);
        let query = |days: i32, by: &[Dimension], key: Option<u32>| SpendQuery {
            from: last.plus(-days),
            to: last,
            by: by.to_vec(),
            account: None,
            keys: key.map(|key| vec![key_of(key)]),
            user: None,
            tag: None,
            limit: usize::MAX,
        };
        let spend = |name, query: SpendQuery| {
            let (took, answers) = best(|| store.spend(&query).unwrap().len());
            tell(name, took, answers)
        };
        let activity = [
            Dimension::Day,
            Dimension::Model,
            Dimension::Endpoint,
            Dimension::Provider,
        ];
        let took = spend(
            "`/activity`: 30 days by day, model, endpoint, provider",
            query(30, &activity, None),
        );
        spend("the same of one key", query(30, &activity, Some(7)));
        spend("365 days by key", query(365, &[Dimension::Key], None));
        let second = u64::from(FIRST.unsigned_abs() + 100) * 86_400;
        let id = format!("gen-{second}-{:020}", 0).parse().unwrap();
        let (found, answers) = best(|| usize::from(store.row(&id).unwrap().is_some()));
        tell("one row by its name", found, answers);
        println!();
        (took > MOST).then(|| format!("`/activity` in {of} in {MOST:?}: {took:?}"))
    }
}

fn tell(name: &str, took: Duration, answers: usize) -> Duration {
    println!("| {name} | {:.2} | {answers} |", took.as_secs_f64() * 1e3);
    took
}

fn best(mut ask: impl FnMut() -> usize) -> (Duration, usize) {
    let rounds = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        let answers = ask();
        (began.elapsed(), answers)
    });
    rounds.min().unwrap()
}

fn key_of(key: u32) -> KeyId {
    KeyId::of(&format!("sk-or-v1-{key}"))
}

fn thousands(number: u64) -> String {
    match number {
        ..1000 => number.to_string(),
        _ => format!("{},{:03}", thousands(number / 1000), number % 1000),
    }
}
