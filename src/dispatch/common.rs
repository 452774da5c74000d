//! What the clones of a layer share that may ask again.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// What the clones of a layer share that may ask again: its settings, and a service like the one inside, which is never called.
///
/// Whoever asks again takes a clone of it. A clone of the whole chain for each request, of which few are asked again, would cost a
/// reference for each of its layers and of the client's parts, counted by all threads in the same words.
#[derive(Debug)]
pub(super) struct Common<S, T> {
    settings: T,
    /// Behind a lock, since a service need not be `Sync`.
    spare: Mutex<S>,
}

// === impl Common ===

impl<S: Clone, T> Common<S, T> {
    pub(super) fn new(settings: T, service: &S) -> Arc<Self> {
        let spare = Mutex::new(service.clone());
        Arc::new(Self { settings, spare })
    }

    /// A service of its own for whoever asks again; it is not ready yet.
    pub(super) fn another(&self) -> S {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.clone()
    }
}

impl<S, T> Deref for Common<S, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.settings
    }
}
