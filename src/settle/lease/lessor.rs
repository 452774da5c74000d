//! Who keeps the counters.

use std::fmt;

use super::ask::{Ask, Grant};
use super::shared::Leased;
use crate::settle::store::StoreError;

/// Who keeps the counters that replicas share: `PostgresStore` does. Its methods block.
pub trait Lessor: fmt::Debug + Send + Sync + 'static {
    /// Begins a life of this name, and ends the one before.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as for all of the following.
    fn enlist(&self, name: &str) -> Result<Replica, StoreError>;

    /// Asks for a lease, renews it, or gives back.
    ///
    /// # Errors
    ///
    /// Besides, [`Lapsed`](StoreError::Lapsed) where the name has another life.
    fn ask(&self, replica: &Replica, ask: &Ask) -> Result<Grant, StoreError>;

    /// All leases of a counter, those of lives that are over among them.
    fn leases(&self, counter: &str) -> Result<Vec<Leased>, StoreError>;

    /// This life is over, by an operator's word, who knows that its reserves were not spent. What it held counts as charged;
    /// what was not spent of that is given back as a credit.
    fn release(&self, replica: &Replica) -> Result<(), StoreError>;
}

/// One of several processes, from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Replica {
    /// Its name, which outlives it. At most 256 bytes.
    pub name: String,
    /// Counts the processes of this name.
    pub life: u64,
}
