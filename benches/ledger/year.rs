//! A year of rows: a hundred keys, five models each, and the questions to them.

use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use rusqlite::Connection;
use switchtower::settle::store::{
    Dimension, Entry, Row, SpendQuery, SqliteSettings, SqliteStore, Store,
};
use switchtower::{Day, KeyId, Money};

use crate::made::made;

const DAYS: u32 = 365;
const KEYS: u32 = 100;
const MODELS: u32 = 5;
/// The first of December 2025.
const FIRST: i32 = 20_423;
const ROUNDS: u32 = 5;

pub(crate) fn report(place: &Path, rows: u64) {
    let file = place.join("year.db");
    let began = Instant::now();
    let per_cell = rows / u64::from(DAYS * KEYS * MODELS);
    make(&file, per_cell.max(1));
    let store = SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    let gigabytes = std::fs::metadata(&file).unwrap().len() as f64 / 1e9;
    let rows = per_cell.max(1) * u64::from(DAYS * KEYS * MODELS);
    println!(
        "{rows} rows in {gigabytes:.2} GB, made in {:.0} s\n\n| a year | ms | answers |\n|---|--:|--:|",
        began.elapsed().as_secs_f64()
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
    let activity = [
        Dimension::Day,
        Dimension::Model,
        Dimension::Endpoint,
        Dimension::Provider,
    ];
    for (name, query) in [
        (
            "`/activity`: 30 days by day, model, endpoint, provider",
            query(30, &activity, None),
        ),
        ("the same of one key", query(30, &activity, Some(7))),
        ("365 days by key", query(365, &[Dimension::Key], None)),
    ] {
        let (took, answers) = best(|| store.spend(&query).unwrap().len());
        tell(name, took, answers);
    }
    let id = format!(
        "gen-{}-{:020}",
        u64::from(FIRST.unsigned_abs() + 100) * 86_400,
        0
    );
    let id = id.parse().unwrap();
    let (took, found) = best(|| usize::from(store.row(&id).unwrap().is_some()));
    tell("one row by its name", took, found);
}

fn tell(name: &str, took: Duration, answers: usize) {
    println!("| {name} | {:.2} | {answers} |", took.as_secs_f64() * 1e3);
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

/// One row of each day, key and model by the store, so that the sums are as many as they would be; the others are copies.
fn make(file: &Path, per_cell: u64) {
    let (_, record) = made();
    let template = Row::from(&record);
    let store = SqliteStore::open(file, SqliteSettings::default()).unwrap();
    let cells = u64::from(KEYS * MODELS);
    for day in 0..DAYS {
        let start = Day::from_number(FIRST + day as i32).start();
        let second = start.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let row = |cell: u64| Row {
            id: format!("gen-{second}-{:020}", cell * per_cell)
                .parse()
                .unwrap(),
            created: start + Duration::from_micros(cell * per_cell),
            key: Some(key_of(cell as u32 % KEYS)),
            model: Some(format!("acme/model-{}", cell as u32 / KEYS)),
            user: None,
            charge: Some(Money::from_picodollars(39_000_000)),
            ..template.clone()
        };
        let rows: Vec<_> = (0..cells)
            .map(|cell| Entry::Row(Box::new(row(cell))))
            .collect();
        store.commit(&rows).unwrap();
    }
    drop(store);
    if per_cell > 1 {
        copy(file, per_cell);
    }
}

fn copy(file: &Path, per_cell: u64) {
    let connection = Connection::open(file).unwrap();
    connection
        .execute_batch(
            "PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; PRAGMA journal_mode = OFF;",
        )
        .unwrap();
    let sql = "INSERT INTO rows
        WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < ?1 - 1)
        SELECT substr(id, 1, 15) || printf('%020d', CAST(substr(id, 16) AS INTEGER) + n),
            created + n, account, key, body
        FROM rows CROSS JOIN copies WHERE created >= ?2 AND created < ?3
        ORDER BY 1";
    for day in 0..i64::from(DAYS) {
        let from = (i64::from(FIRST) + day) * 86_400_000_000;
        connection
            .execute(sql, (per_cell as i64, from, from + 86_400_000_000_i64))
            .unwrap();
    }
}
