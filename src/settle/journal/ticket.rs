//! What somebody waits for.

use std::sync::{Arc, PoisonError};
use std::task::Waker;

use crate::settle::store::StoreError;
use crate::sync::{Mutex, MutexGuard};

/// An entry on its way, for the one who waits for it.
#[derive(Debug)]
pub(super) struct Ticket(Mutex<State>);

/// Who has the entry in hand. If he goes without a word, that is told.
#[derive(Debug)]
pub(super) struct Teller(Arc<Ticket>);

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
    /// One for whoever waits, and one for whoever has the entry.
    pub(super) fn new() -> (Arc<Self>, Teller) {
        let ticket = Arc::new(Self(Mutex::new(State::Waiting(None))));
        (ticket.clone(), Teller(ticket))
    }

    /// What has become of it; else this one is woken when it is known.
    pub(super) fn look(&self, waker: &Waker) -> Option<Result<(), StoreError>> {
        let mut state = self.state();
        let waiting = match &mut *state {
            State::Told(Ok(())) => return Some(Ok(())),
            State::Told(Err(error)) => return Some(Err(error.again())),
            State::Waiting(waiting) => waiting,
        };
        if !waiting.as_ref().is_some_and(|it| it.will_wake(waker)) {
            let before = waiting.replace(waker.clone());
            // Whoever is woken no more may be gone with it, and what he had may come here.
            drop(state);
            drop(before);
        }
        None
    }

    fn tell(&self, what: Result<(), StoreError>) {
        let mut state = self.state();
        if let State::Told(_) = *state {
            return;
        }
        let before = std::mem::replace(&mut *state, State::Told(what));
        drop(state);
        if let State::Waiting(Some(waker)) = before {
            wake(waker);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Teller ===

impl Teller {
    pub(super) fn tell(self, what: Result<(), StoreError>) {
        self.0.tell(what);
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.tell(Err(gone()));
    }
}

/// Nobody writes any more.
pub(super) fn gone() -> StoreError {
    StoreError::Away("the thread that writes has ended".into())
}

/// Wakes a task. If it cannot bear that, it is the only one.
pub(super) fn wake(waker: Waker) {
    let woken = || waker.wake();
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(woken));
}
