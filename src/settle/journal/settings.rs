//! How a journal keeps its books.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::limits::Limits;
use crate::settle::lease::LeaseSettings;

/// What must an entry have outlived when whoever waits for it goes on?
///
/// See the [module docs](super).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// Nothing: nobody waits.
    Memory,
    /// The end of the process, however it comes.
    #[default]
    Process,
    /// A power failure.
    Power,
}

/// How a [`Journal`](super::Journal) keeps its books.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use switchtower::settle::{Durability, JournalSettings};
///
/// let settings = JournalSettings::default()
///     .durability(Durability::Power)
///     .places(NonZeroUsize::new(1000).unwrap())
///     .patience(Duration::from_secs(5));
/// assert_eq!(JournalSettings::default().places.get(), 8192);
/// # let _ = settings;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JournalSettings {
    /// By default [`Process`](Durability::Process).
    pub durability: Durability,
    /// How many requests may be under way or wait to be stored. By default 8,192.
    pub places: NonZeroUsize,
    /// How long a hold or a last frame waits for a store that is away. By default ten seconds.
    pub patience: Duration,
    /// How many of the newest records are kept in memory besides. By default 10,000.
    pub recent: usize,
    /// The name of this process among those that write to the store. By default `local`. It alone shares no limits:
    /// [`leases`](Self::leases) do.
    pub replica: String,
    /// For which claims there is room. By default for all.
    pub limits: Limits,
    /// How long rows are kept. By default for ever.
    pub keep: Option<Duration>,
    /// How limits are counted together with other processes. By default they are not.
    pub leases: Option<LeaseSettings>,
}

// === impl JournalSettings ===

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            places: const { NonZeroUsize::new(8192).unwrap() },
            patience: Duration::from_secs(10),
            recent: 10_000,
            replica: "local".to_owned(),
            limits: Limits::default(),
            keep: None,
            leases: None,
        }
    }
}

impl JournalSettings {
    /// Sets what an entry must have outlived when whoever waits for it goes on. The store must do its part.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how many requests may be under way or wait to be stored.
    #[must_use]
    pub fn places(mut self, places: NonZeroUsize) -> Self {
        self.places = places;
        self
    }

    /// Sets how long a hold or a last frame waits for a store that is away.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets how many of the newest records are kept in memory.
    #[must_use]
    pub fn recent(mut self, records: usize) -> Self {
        self.recent = records;
        self
    }

    /// Sets how long rows are kept, two days at least; their sums stay. See [retention](super#retention-and-backup).
    #[must_use]
    pub fn keep(mut self, time: Duration) -> Self {
        self.keep = Some(time);
        self
    }

    /// Sets the name of this process among those that write to the store: the same after each start.
    ///
    /// A name alone shares no limits: without [`leases`](Self::leases) each process counts by itself, so that two of them may
    /// spend a limit twice.
    #[must_use]
    pub fn replica(mut self, name: impl Into<String>) -> Self {
        self.replica = name.into();
        self
    }

    /// Refuses claims for which these limits leave no room. What the store knows of earlier spending counts: see
    /// [the start](super#the-start).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Counts budgets together with other processes that write to the same store, each under a [name](Self::replica) of its
    /// own: see [several processes](super#several-processes). The store must keep leases, as `PostgresStore` does.
    #[must_use]
    pub fn leases(mut self, leases: LeaseSettings) -> Self {
        self.leases = Some(leases);
        self
    }
}
