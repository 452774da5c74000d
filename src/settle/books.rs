//! What a gateway reads of a ledger.

use std::sync::Arc;

use super::recent::{Recent, Totals};
use super::record::Record;
use super::replay::replay;
use super::store::{Store, StoreError};
use crate::clock;
use crate::generation::GenerationId;
use crate::limits::{Limits, Now, Rule};

/// What may be read of a ledger: the newest records, the sums of all since the process began, by which limits it
/// goes, and the [`Store`] behind it, if there is one.
///
/// ```
/// use switchtower::settle::{HasBooks, MemoryLedger};
///
/// let ledger = MemoryLedger::new(100);
/// let books = ledger.books();
/// assert_eq!(books.totals().records, 0);
/// assert!(books.store().is_none(), "it is gone with the process");
/// ```
#[derive(Clone, Debug)]
pub struct Books {
    recent: Recent,
    limits: Limits,
    store: Option<Arc<dyn Store>>,
}

/// A ledger that can be read as well.
///
/// See the example of [`Books`].
pub trait HasBooks {
    /// What may be read of it, now and later.
    fn books(&self) -> Books;
}

// === impl Books ===

impl Books {
    pub(super) fn of(recent: Recent, limits: Limits) -> Self {
        Self {
            recent,
            limits,
            store: None,
        }
    }

    pub(super) fn with_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// A copy of the record of this generation, if it is among the newest.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Record> {
        self.with(&id.parse().ok()?, Record::clone)
    }

    /// Looks at the record of this generation, without a copy, if it is among the newest. Nobody else can meanwhile.
    pub fn with<T>(&self, id: &GenerationId, look: impl FnOnce(&Record) -> T) -> Option<T> {
        self.recent.with(id, look)
    }

    /// A copy of the newest records, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.recent.records()
    }

    /// The sums of all records since the process began, with those no longer kept.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.recent.totals()
    }

    /// By what it refuses claims.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Puts these rules in force for all, in place of those before: see [`Limits::replace`]. A new one begins with what was
    /// used before, by the [store](Self::store), if there is one, and with what is under way. It blocks, and what is written meanwhile
    /// waits: windows that roll, and buckets, are read by rows, all others by the sums of days.
    ///
    /// # Errors
    ///
    /// If the store cannot be read. Then nothing has changed.
    pub fn set_limits(&self, rules: impl IntoIterator<Item = Rule>) -> Result<(), StoreError> {
        let now = Now {
            instant: clock::now(),
            wall: clock::wall(),
        };
        // Whatever is written meanwhile would be missing in both.
        let _turn = self.limits.books_turn();
        let past = |new: &Limits| match &self.store {
            Some(store) => replay(&**store, new, now),
            None => Ok(()),
        };
        self.limits.replace(rules, past, now)
    }

    /// Where rows, credits and documents outlive the process. Its methods block.
    #[must_use]
    pub fn store(&self) -> Option<&Arc<dyn Store>> {
        self.store.as_ref()
    }
}
