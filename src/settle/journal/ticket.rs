//! What somebody waits for.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::settle::store::StoreError;

/// An entry on its way, for the one who waits for it.
#[derive(Debug, Default)]
pub(super) struct Ticket(Mutex<State>);

/// What has become of it?
#[derive(Debug)]
enum State {
    /// Nobody knows yet. Who is to be told?
    Waiting(Option<Waker>),
    /// This.
    Told(Result<(), StoreError>),
}

// === impl Ticket ===

impl Ticket {
    /// What has become of it; else this one is woken when it is known.
    pub(super) fn look(&self, waker: &Waker) -> Option<Result<(), StoreError>> {
        match &mut *self.state() {
            State::Waiting(waiting) => {
                match waiting {
                    Some(known) => known.clone_from(waker),
                    None => *waiting = Some(waker.clone()),
                }
                None
            }
            State::Told(Ok(())) => Some(Ok(())),
            State::Told(Err(error)) => Some(Err(error.again())),
        }
    }

    pub(super) fn tell(&self, what: Result<(), StoreError>) {
        let before = std::mem::replace(&mut *self.state(), State::Told(what));
        if let State::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for State {
    fn default() -> Self {
        Self::Waiting(None)
    }
}
