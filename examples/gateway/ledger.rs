//! Where the books are kept.

use std::path::PathBuf;
use std::sync::Arc;

use switchtower::limits::Limits;
use switchtower::settle::store::{
    MemoryStore, PostgresSettings, PostgresStore, SqliteSettings, SqliteStore, Store, StoreError,
};
use switchtower::settle::{Durability, Journal, JournalSettings};

/// Where are the books kept?
#[derive(Clone)]
pub(crate) enum Place {
    /// Nowhere: they are gone with the process.
    Memory,
    /// In this SQLite file.
    File(PathBuf),
    /// In this PostgreSQL database.
    Postgres(String),
}

/// Opens the books; whoever was under way when the last process ended is told of.
pub(crate) fn open(
    place: &Place,
    durability: Durability,
    replica: &str,
    limits: Limits,
) -> Result<Journal, StoreError> {
    let store: Arc<dyn Store> = match place {
        Place::Memory => Arc::new(MemoryStore::default()),
        Place::File(file) => {
            let settings = SqliteSettings::default().durability(durability);
            Arc::new(SqliteStore::open(file, settings)?)
        }
        Place::Postgres(url) => Arc::new(PostgresStore::open(url, PostgresSettings::default())?),
    };
    let settings = JournalSettings::default().durability(durability);
    Journal::open(store, settings.replica(replica).limits(limits))
}

/// A line for a newcomer.
pub(crate) fn told(place: &Place, journal: &Journal) -> String {
    let place = match place {
        Place::Memory => return "ledger: in memory, gone with the process".to_owned(),
        Place::File(file) => file.display().to_string(),
        // There may be a password in its address.
        Place::Postgres(_) => "PostgreSQL".to_owned(),
    };
    match journal.abandoned().len() {
        0 => format!("ledger: {place}"),
        left => format!(
            "ledger: {place}; the last process left {left} requests under way, now abandoned"
        ),
    }
}
