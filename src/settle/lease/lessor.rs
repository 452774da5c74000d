//! Who keeps the counters.

use std::fmt;
use std::time::SystemTime;

use super::ask::{Ask, Grant};
use super::shared::Shared;
use crate::settle::store::StoreError;

/// Who keeps the counters that replicas share: `PostgresStore` does. Its methods block.
pub trait Lessor: fmt::Debug + Send + Sync + 'static {
    /// Begins a life of this name, and ends the one before.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as for all of the following.
    fn enlist(&self, name: &str) -> Result<Replica, StoreError>;

    /// Asks for leases, renews them, or gives back, all in one transaction. None where nobody has leased of that counter yet
    /// and the ask has no [opening](Ask::opening); nothing has changed there.
    ///
    /// # Errors
    ///
    /// Besides, [`Taken`](StoreError::Taken) where the name has another life, [`Lapsed`](StoreError::Lapsed) where a later ask
    /// was heard before, and [`Busy`](StoreError::Busy) where somebody has locked some of the counters: nothing has changed then.
    fn ask(&self, replica: &Replica, asks: &[Ask]) -> Result<Vec<Option<Grant>>, StoreError>;

    /// Of which counters, of which it has leased, there is too little for somebody else.
    fn wanted(&self, replica: &Replica) -> Result<Vec<String>, StoreError>;

    /// A counter as it is, with all leases of it, those of lives that are over among them.
    fn counter(&self, name: &str) -> Result<Option<Shared>, StoreError>;

    /// All lives that have leased something; of those that are over, those that still have something.
    fn lives(&self) -> Result<Vec<Life>, StoreError>;

    /// This life is over, by an operator's word, who knows that its reserves were not spent. What it held counts as charged;
    /// what was not spent of that is given back as a credit. Returns what it frees. [`Journal::release`] settles its requests as
    /// well.
    ///
    /// [`Journal::release`]: crate::settle::Journal::release
    fn release(&self, replica: &Replica) -> Result<u64, StoreError>;

    /// Forgets counters of windows that ended before this time.
    fn forget(&self, before: SystemTime) -> Result<(), StoreError>;
}

/// One of several processes, from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Replica {
    /// Its name, which outlives it. At most 256 bytes.
    pub name: String,
    /// Counts the processes of this name.
    pub life: u64,
}

/// What is known of a life, over all counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Whose.
    pub replica: Replica,
    /// Is it the last one of its name? Then its process may be alive.
    pub is_last: bool,
    /// When the last of its leases ends, or ended.
    pub expires: SystemTime,
    /// Has it ended, by the clock of whoever keeps the counters? Then it spends nothing more without a record.
    pub is_over: bool,
    /// What it has claimed for requests that are, or were, under way.
    pub held: u64,
    /// What it may have spent without a record.
    pub reserve: u64,
}
