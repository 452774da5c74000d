//! What a process that is gone has left, where none starts under its name.

use std::sync::Arc;

use super::ledger::Journal;
use super::reconcile::abandon;
use crate::money::Money;
use crate::settle::store::{HoldRow, Store, StoreError};

/// What a process that is gone has left, and what became of it. See [`Journal::release`].
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Released {
    /// What was under way, and is abandoned now.
    pub abandoned: Vec<HoldRow>,
    /// In picodollars, over all limits that it shared: what it had claimed there, which counts as spent.
    pub spent: u64,
    /// Likewise: what it had leased and did not use, which is free again.
    pub freed: u64,
}

// === impl Journal ===

impl Journal {
    /// Settles what the last process of this name has left, as [the start](super#the-start) of another would, and gives back
    /// what it has leased. For a name that will not come again; where it has come, for what is left of its earlier processes, of
    /// which the start has settled the rest. It blocks.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use switchtower::settle::store::{MemoryStore, Store, StoreError};
    /// use switchtower::settle::{Journal, JournalSettings};
    ///
    /// let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    /// let settings = JournalSettings::default().replica("gateway-7");
    /// let journal = Journal::open(store.clone(), settings)?;
    /// let alive = Journal::release(&store, "gateway-7");
    /// assert!(matches!(alive, Err(StoreError::Taken(_))));
    ///
    /// drop(journal);
    /// let released = Journal::release(&store, "gateway-7")?;
    /// assert_eq!(released.abandoned, []);
    /// # Ok::<_, StoreError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Taken`](StoreError::Taken) if it runs and nothing is left of those before, or may spend what it has leased for some seconds
    /// more; or if the store fails: then what was done is done, and the rest is for the next time.
    pub fn release(store: &Arc<dyn Store>, replica: &str) -> Result<Released, StoreError> {
        let name = store.own(replica);
        let lessor = store.clone().lessor();
        let lives = lessor.as_ref().map(|lessor| lessor.lives()).transpose()?;
        let mut lives = lives.unwrap_or_default();
        lives.retain(|life| life.replica.name == replica);
        let mut released = Released::default();
        match &name {
            Ok(_) if lives.iter().any(|life| life.is_last && !life.is_over) => {
                let why =
                    format!("`{replica}` ran a moment ago, and may spend what it has leased: wait");
                return Err(StoreError::Taken(why));
            }
            Ok(_) => released.abandoned = abandon(&**store, replica, || Ok(false))?,
            // What is under way is of whoever runs; lives before have left nothing but claims.
            Err(StoreError::Taken(_)) => lives.retain(|life| !life.is_last && life.is_over),
            Err(_) => lives.clear(),
        }
        if lives.is_empty() {
            return name.map(|_| released);
        }
        if let Some(lessor) = lessor {
            for life in lives {
                let freed = lessor.release(&life.replica)?;
                released.freed = released.freed.saturating_add(freed);
                released.spent = released.spent.saturating_add(life.held);
            }
        }
        Ok(released)
    }
}

// === impl Released ===

impl Released {
    /// All that was held for what is abandoned: it is not charged, and providers may have billed as much.
    #[must_use]
    pub fn held(&self) -> Money {
        let amounts = self.abandoned.iter().map(|hold| hold.amount);
        amounts.fold(Money::ZERO, Money::saturating_add)
    }
}
