//! What the books cost: a hold and its settlement, the two waits for a SQLite file, and the questions to a year of rows.
//!
//! ```sh
//! cargo bench --bench ledger                # 365,000 rows
//! cargo bench --bench ledger -- 36000000    # a year of a thousand calls a day on each of a hundred keys, in 12 GB
//! cargo bench --bench ledger -- --check     # fails where a promise is not kept; with a number likewise
//! cargo bench --bench ledger -- postgres    # one part of memory, waits, sqlite, postgres; likewise
//! ```
//!
//! With `SWITCHTOWER_POSTGRES_URL` it makes the year there too, in a schema of its own, which is dropped at the end.

#[path = "../support/folder.rs"]
mod folder;
mod made;
mod memory;
mod postgres;
mod sqlite;
mod waits;
mod year;

use std::process::ExitCode;

use folder::Folder;
use year::Year;

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let rows = std::env::args().find_map(|argument| argument.parse().ok());
    let year = Year::of(rows.unwrap_or(365_000));
    let parts = ["memory", "waits", "sqlite", "postgres"];
    let named = std::env::args().find(|argument| parts.contains(&argument.as_str()));
    let wanted = |part| named.as_deref().is_none_or(|named| named == part);
    let place = Folder::new("ledger");
    let mut broken = Vec::new();
    if wanted("memory") {
        broken.extend(memory::report());
    }
    if wanted("waits") {
        broken.extend(waits::report(&place.0, check));
    }
    if wanted("sqlite") {
        broken.extend(sqlite::report(&place.0, year));
    }
    match std::env::var("SWITCHTOWER_POSTGRES_URL") {
        Ok(url) if wanted("postgres") => broken.extend(postgres::report(&url, year)),
        Err(_) if named.as_deref() == Some("postgres") => {
            broken.push("SWITCHTOWER_POSTGRES_URL names no database".to_owned());
        }
        _ => {}
    }
    broken.iter().for_each(|what| eprintln!("not kept: {what}"));
    ExitCode::from(u8::from(check && !broken.is_empty()))
}
