use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::Scope;

/// Whose rules are these?
pub(super) type Whom = (Scope, String);

/// Those whose rules have begun without a look into the books, which cannot be had in time.
#[derive(Clone, Debug, Default)]
pub(super) struct Blind(Arc<Mutex<HashSet<Whom>>>);

// === impl Blind ===

impl Blind {
    pub(super) fn extend(&self, with: impl IntoIterator<Item = Whom>) {
        self.known().extend(with);
    }

    pub(super) fn has(&self, whom: &Whom) -> bool {
        self.known().contains(whom)
    }

    /// Now they know. Did they not before?
    pub(super) fn remove(&self, whom: &Whom) -> bool {
        self.known().remove(whom)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known().is_empty()
    }

    fn known(&self) -> MutexGuard<'_, HashSet<Whom>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
