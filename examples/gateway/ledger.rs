//! Where the books are kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use switchtower::Money;
use switchtower::limits::Limits;
use switchtower::settle::lease::LeaseSettings;
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
    (replica, keep): (Option<&str>, Option<Duration>),
    limits: Limits,
) -> Result<Journal, StoreError> {
    let store = store(place, durability)?;
    let mut settings = JournalSettings::default()
        .durability(durability)
        .limits(limits);
    if let Some(keep) = keep {
        settings = settings.keep(keep);
    }
    if let Some(replica) = replica {
        settings = settings.replica(replica);
        if matches!(place, Place::Postgres(_)) {
            settings = settings.leases(LeaseSettings::default());
        }
    }
    Journal::open(store, settings)
}

fn store(place: &Place, durability: Durability) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match place {
        Place::Memory => Arc::new(MemoryStore::default()),
        Place::File(file) => {
            let settings = SqliteSettings::default().durability(durability);
            Arc::new(SqliteStore::open(file, settings)?)
        }
        Place::Postgres(url) => Arc::new(PostgresStore::open(url, PostgresSettings::default())?),
    })
}

/// Settles what the last gateway of this name has left: none will come under it again.
pub(crate) fn release(place: &Place, replica: &str) -> Result<String, Box<dyn std::error::Error>> {
    if let Place::Memory = place {
        return Err(
            "--release: what is in memory is gone with the process; --ledger names books that stay"
                .into(),
        );
    }
    let store = store(place, Durability::default())?;
    let released = Journal::release(&store, replica)?;
    let requests = match released.abandoned.len() {
        0 => "it left no request under way".to_owned(),
        left => format!(
            "it left {left} requests under way, now abandoned, for which {} USD were held",
            released.held()
        ),
    };
    let money = |amount| Money::from_picodollars(i64::try_from(amount).unwrap_or(i64::MAX));
    Ok(match place {
        Place::Postgres(_) => format!(
            "{replica}: {requests}; over all limits, {} USD that it held count as spent, and {} USD are free again",
            money(released.spent),
            money(released.freed)
        ),
        _ => format!("{replica}: {requests}"),
    })
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
