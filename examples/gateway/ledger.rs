//! Where the books are kept.

use std::path::PathBuf;
use std::sync::Arc;

use switchtower::settle::store::{MemoryStore, SqliteSettings, SqliteStore, Store, StoreError};
use switchtower::settle::{Durability, Journal, JournalSettings};

/// Where are the books kept?
pub(crate) enum Place {
    /// Nowhere: they are gone with the process.
    Memory,
    /// In this SQLite file.
    File(PathBuf),
}

/// Opens the books; whoever was under way when the last process ended is told of.
pub(crate) fn open(place: &Place, durability: Durability) -> Result<Journal, StoreError> {
    let store: Arc<dyn Store> = match place {
        Place::Memory => Arc::new(MemoryStore::default()),
        Place::File(file) => {
            let settings = SqliteSettings::default().durability(durability);
            Arc::new(SqliteStore::open(file, settings)?)
        }
    };
    Journal::open(store, JournalSettings::default().durability(durability))
}

/// A line for a newcomer.
pub(crate) fn told(place: &Place, journal: &Journal) -> String {
    match (place, journal.abandoned().len()) {
        (Place::Memory, _) => "ledger: in memory, gone with the process".to_owned(),
        (Place::File(file), 0) => format!("ledger: {}", file.display()),
        (Place::File(file), abandoned) => format!(
            "ledger: {}; the last process left {abandoned} requests under way, now abandoned",
            file.display()
        ),
    }
}
