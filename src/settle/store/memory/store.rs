use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::kept::Kept;
use crate::generation::GenerationId;
use crate::settle::store::names::Names;
use crate::settle::store::{
    Credit, CreditQuery, Document, Entry, HoldRow, Owned, Row, RowQuery, Spend, SpendQuery, Store,
    StoreError,
};

/// A store that is gone with the process: for tests, and where nothing need outlive it.
///
/// It keeps the newest rows, and of those that make place their sums, for 400 days. A row that is repeated after it has
/// made place is a new one. Of credits and documents it takes 100,000 each.
///
/// ```
/// use switchtower::settle::store::{Entry, MemoryStore, Store, StoreError};
/// use switchtower::settle::store::Document;
///
/// let store = MemoryStore::new(1000);
/// let (kind, id) = ("key", "9f86d081".to_owned());
/// let first = Document { kind, id, version: 1, json: Some("{}".to_owned()) };
/// store.commit(&[Entry::Document(first.clone())])?;
/// store.commit(&[Entry::Document(first.clone())])?; // Once more is not twice.
/// assert_eq!(store.documents("key")?, [first]);
/// # Ok::<_, StoreError>(())
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
    names: Names,
}

// === impl MemoryStore ===

impl MemoryStore {
    /// Keeps this many rows.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        Self {
            kept: Mutex::new(Kept::new(rows)),
            names: Names::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    /// Keeps 10,000 rows.
    fn default() -> Self {
        Self::new(10_000)
    }
}

impl Store for MemoryStore {
    fn own(&self, replica: &str) -> Result<Owned, StoreError> {
        self.names.take(replica)
    }

    fn commit(&self, entries: &[Entry]) -> Result<(), StoreError> {
        self.kept().commit(entries)
    }

    fn row(&self, id: &GenerationId) -> Result<Option<Row>, StoreError> {
        Ok(self.kept().row(id))
    }

    fn rows(&self, query: &RowQuery) -> Result<Vec<Row>, StoreError> {
        Ok(self.kept().rows(query))
    }

    fn spend(&self, query: &SpendQuery) -> Result<Vec<Spend>, StoreError> {
        Ok(self.kept().spend(query))
    }

    fn holds_after(
        &self,
        after: Option<&GenerationId>,
        limit: usize,
    ) -> Result<Vec<HoldRow>, StoreError> {
        Ok(self.kept().holds_after(after, limit))
    }

    fn credits_after(&self, query: &CreditQuery) -> Result<Vec<Credit>, StoreError> {
        Ok(self.kept().credits_after(query))
    }

    fn documents_after(
        &self,
        kind: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        Ok(self.kept().documents_after(kind, after, limit))
    }

    fn prune(&self, before: SystemTime, most: usize) -> Result<u64, StoreError> {
        Ok(self.kept().prune(before, most))
    }
}
