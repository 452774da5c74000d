//! Where the books are kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use switchtower::Money;
use switchtower::limits::Limits;
use switchtower::settle::lease::{LeaseSettings, Lessor};
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
    let store: Arc<dyn Store> = match place {
        Place::Memory => Arc::new(MemoryStore::default()),
        Place::File(file) => {
            let settings = SqliteSettings::default().durability(durability);
            Arc::new(SqliteStore::open(file, settings)?)
        }
        Place::Postgres(url) => Arc::new(PostgresStore::open(url, PostgresSettings::default())?),
    };
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

/// What a replica of this name has claimed, and nobody is on any more, is free again. It must not run.
pub(crate) fn release(
    place: &Place,
    replica: &str,
    now: SystemTime,
) -> Result<String, Box<dyn std::error::Error>> {
    let Place::Postgres(url) = place else {
        return Err("--release: only gateways over one postgres://… share limits".into());
    };
    let store = PostgresStore::open(url, PostgresSettings::default())?;
    let lives = store.lives()?.into_iter();
    let lives: Vec<_> = lives.filter(|life| life.replica.name == replica).collect();
    if lives.iter().any(|life| life.is_last && now < life.expires) {
        let alive = "runs, or ran a moment ago: wait for half a minute";
        return Err(format!("--release {replica}: it {alive}").into());
    }
    let (mut spent, mut freed) = (0_u64, 0_u64);
    for life in lives {
        freed = freed.saturating_add(store.release(&life.replica)?);
        spent = spent.saturating_add(life.held);
    }
    let money = |amount| Money::from_picodollars(i64::try_from(amount).unwrap_or(i64::MAX));
    Ok(format!(
        "{replica}: {} USD are free again, over all limits; {} USD that it held count as spent",
        money(freed),
        money(spent)
    ))
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
