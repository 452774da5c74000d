//! What the books cost: a hold and its settlement, the two waits for a SQLite file, and the questions to a year of rows.
//!
//! ```sh
//! cargo bench --bench ledger                # 360,000 rows
//! cargo bench --bench ledger -- 36000000    # a year of a thousand calls a day on each of a hundred keys, in 12 GB
//! ```

mod made;
mod memory;
mod waits;
mod year;

use std::path::PathBuf;

fn main() {
    let rows = std::env::args().find_map(|argument| argument.parse().ok());
    memory::report();
    let place = Place::new();
    waits::report(&place.0);
    year::report(&place.0, rows.unwrap_or(360_000));
}

/// A folder, until it is dropped.
struct Place(PathBuf);

// === impl Place ===

impl Place {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("switchtower-ledger-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
