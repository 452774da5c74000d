//! A few connections, each used by one at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::connect::{Connector, Session};
use super::runtime::away;
use crate::settle::store::StoreError;

/// So many connections at most. Whoever finds none free waits, and connects himself if fewer are open.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) connector: Connector,
    state: Mutex<State>,
    given_back: Condvar,
    pause: Duration,
}

#[derive(Debug)]
struct State {
    idle: Vec<Session>,
    // Places that nobody uses, open connections among them.
    free: usize,
    failures: u32,
    not_before: Option<Instant>,
}

/// A place, with a connection if there was one.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pool: &'a Pool,
    pub(super) session: Option<Session>,
}

// === impl Pool ===

impl Pool {
    pub(super) fn new(connector: Connector, size: usize, pause: Duration) -> Self {
        Self {
            connector,
            state: Mutex::new(State {
                idle: Vec::new(),
                free: size,
                failures: 0,
                not_before: None,
            }),
            given_back: Condvar::new(),
            pause,
        }
    }

    /// Takes a place, for which it waits so long at most.
    pub(super) fn place(&self, now: Instant, patience: Duration) -> Result<Place<'_>, StoreError> {
        let waiting = self
            .given_back
            .wait_timeout_while(self.state(), patience, |state| state.free == 0);
        let (mut state, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        if state.free == 0 {
            return Err(away("all connections are busy"));
        }
        let mut session = state.idle.pop();
        session.take_if(|session| session.client.is_closed());
        if session.is_none() && state.not_before.is_some_and(|at| now < at) {
            return Err(away("it could not be reached a moment ago"));
        }
        state.free -= 1;
        Ok(Place {
            pool: self,
            session,
        })
    }

    /// Could it be reached?
    pub(super) fn reached(&self, now: Instant, reached: bool) {
        let mut state = self.state();
        if reached {
            (state.failures, state.not_before) = (0, None);
            return;
        }
        let pause = self.pause * (1 << state.failures.min(4));
        state.failures = state.failures.saturating_add(1);
        state.not_before = now.checked_add(pause);
        // What is open has the same end, mostly.
        state.idle.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Place ===

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.free += 1;
        state.idle.extend(self.session.take());
        drop(state);
        self.pool.given_back.notify_one();
    }
}
