//! Who writes under which name.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::traits::StoreError;

/// A name that is [owned](super::Store::own), until this is dropped.
///
/// ```
/// use switchtower::settle::store::{MemoryStore, Store, StoreError};
///
/// let store = MemoryStore::default();
/// let owned = store.own("gateway-0")?;
/// assert!(matches!(store.own("gateway-0"), Err(StoreError::Taken(_))));
/// drop(owned);
/// store.own("gateway-0")?;
/// # Ok::<_, StoreError>(())
/// ```
#[must_use = "whoever drops it owns the name no more"]
pub struct Owned {
    _guard: Box<dyn Any + Send + Sync>,
}

/// Names that are owned in this process, of one store.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Arc<Mutex<BTreeSet<String>>>);

#[derive(Debug)]
struct Guard {
    names: Names,
    name: String,
}

// === impl Owned ===

impl Owned {
    /// Until this is dropped: for a store of your own.
    pub fn until_dropped(guard: impl Any + Send + Sync) -> Self {
        let guard = Box::new(guard);
        Self { _guard: guard }
    }
}

impl fmt::Debug for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned").finish_non_exhaustive()
    }
}

// === impl Names ===

impl Names {
    pub(super) fn take(&self, name: &str) -> Result<Owned, StoreError> {
        if !self.names().insert(name.to_owned()) {
            return Err(taken(name));
        }
        Ok(Owned::until_dropped(Guard {
            names: self.clone(),
            name: name.to_owned(),
        }))
    }

    /// All that are owned just now.
    #[cfg(feature = "postgres")]
    pub(super) fn all(&self) -> Vec<String> {
        self.names().iter().cloned().collect()
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Guard ===

impl Drop for Guard {
    fn drop(&mut self) {
        self.names.names().remove(&self.name);
    }
}

pub(super) fn taken(name: &str) -> StoreError {
    StoreError::Taken(format!(
        "somebody keeps books here under the name `{name}`: give each process a name of its own, or end the other one"
    ))
}
