//! The year in a SQLite file.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use switchtower::settle::store::{SqliteSettings, SqliteStore};

use crate::year::Year;

/// Tells what is not kept.
pub(crate) fn report(place: &Path, year: Year) -> Option<String> {
    let file = place.join("year.db");
    let open = || SqliteStore::open(&file, SqliteSettings::default()).unwrap();
    let began = Instant::now();
    year.begin(&open());
    copy(&file, year.per_cell);
    let store = open();
    println!("made in {:.0} s\n", began.elapsed().as_secs_f64());
    let bytes = std::fs::metadata(&file).unwrap().len();
    let broken = year.ask(&store, "SQLite", bytes);
    drop(store);
    std::fs::remove_file(file).unwrap();
    broken
}

fn copy(file: &Path, per_cell: u64) {
    let connection = Connection::open(file).unwrap();
    connection
        .execute_batch(
            "PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; PRAGMA journal_mode = OFF;",
        )
        .unwrap();
    let sql = "INSERT INTO rows
        WITH RECURSIVE copies(n) AS (SELECT 1 WHERE ?1 > 1 UNION ALL SELECT n + 1 FROM copies WHERE n < ?1 - 1)
        SELECT substr(id, 1, 15) || printf('%020d', CAST(substr(id, 16) AS INTEGER) + n),
            created + n, account, key, body
        FROM rows CROSS JOIN copies WHERE created >= ?2 AND created < ?3
        ORDER BY 1";
    for (from, to) in Year::days() {
        connection
            .execute(sql, (per_cell as i64, from, to))
            .unwrap();
    }
}
