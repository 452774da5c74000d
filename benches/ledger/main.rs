//! What the books cost: a hold and its settlement, the two waits for a SQLite file, and the questions to a year of rows.
//!
//! ```sh
//! cargo bench --bench ledger                # 360,000 rows
//! cargo bench --bench ledger -- 36000000    # a year of a thousand calls a day on each of a hundred keys, in 12 GB
//! ```

#[path = "../support/folder.rs"]
mod folder;
mod made;
mod memory;
mod waits;
mod year;

use folder::Folder;

fn main() {
    let rows = std::env::args().find_map(|argument| argument.parse().ok());
    memory::report();
    let place = Folder::new("ledger");
    waits::report(&place.0);
    year::report(&place.0, rows.unwrap_or(360_000));
}
