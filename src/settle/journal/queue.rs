//! What waits for the writer, within a bound.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use super::ticket::Ticket;
use crate::limits::Unwritten;
use crate::settle::store::{Entry, StoreError};

/// The way from those who ask to the one who writes.
///
/// Who has a place may add what it has to say without waiting: a hold, and what becomes of it. With the last of it the
/// place goes to the writer, who gives it back once it is stored.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There is something to do, or it is over.
    work: Condvar,
    places: usize,
}

#[derive(Debug)]
struct State {
    waiting: Vec<Waiting>,
    /// Places that nobody has.
    free: usize,
    /// Who wants one, or waits until all are free.
    wakers: Vec<Waker>,
    /// Does the writer wait for work?
    idle: bool,
    /// Is nobody let in any more?
    closed: bool,
    /// Are all gone who could add something?
    left: bool,
    /// Why is nothing new taken?
    refusing: Option<StoreError>,
}

/// One entry on its way.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) entry: Entry,
    /// Until it is stored, limits that come count it besides what the store knows.
    pub(super) unwritten: Option<Unwritten>,
    pub(super) ticket: Option<Arc<Ticket>>,
    /// Is a place free again once it is stored?
    pub(super) last: bool,
}

/// Nobody is let in any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed;

// === impl Queue ===

impl Queue {
    pub(super) fn new(places: usize) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: Vec::new(),
                free: places,
                wakers: Vec::new(),
                idle: false,
                closed: false,
                left: false,
                refusing: None,
            }),
            work: Condvar::new(),
            places,
        }
    }

    /// Takes a place; none where there is none: then this one is woken.
    pub(super) fn enter(&self, waker: &Waker) -> Option<Result<(), Closed>> {
        let mut state = self.state();
        if state.closed {
            return Some(Err(Closed));
        }
        if state.free > 0 {
            state.free -= 1;
            return Some(Ok(()));
        }
        state.wait(waker);
        None
    }

    /// Gives a place back that nothing was said from.
    pub(super) fn leave(&self, places: usize) {
        let mut state = self.state();
        state.free += places;
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Adds something new, which may be refused.
    pub(super) fn ask(&self, waiting: Waiting) -> Result<(), StoreError> {
        let state = self.state();
        match &state.refusing {
            Some(why) => Err(why.again()),
            None => {
                self.push(state, waiting);
                Ok(())
            }
        }
    }

    /// Adds what must be kept.
    pub(super) fn say(&self, waiting: Waiting) {
        self.push(self.state(), waiting);
    }

    fn push(&self, mut state: MutexGuard<'_, State>, waiting: Waiting) {
        state.waiting.push(waiting);
        if std::mem::take(&mut state.idle) {
            self.work.notify_one();
        }
    }

    /// Whatever has gathered, at least one and at most so many; none once it is all over.
    pub(super) fn next(&self, most: usize) -> Option<Vec<Waiting>> {
        let mut state = self.state();
        while state.waiting.is_empty() {
            if state.left {
                return None;
            }
            state.idle = true;
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.idle = false;
        Some(state.drain(most))
    }

    /// Waits so long, or until all have left, and takes what has gathered, at most so many. Are they gone?
    pub(super) fn pause(&self, time: Duration, most: usize) -> (Vec<Waiting>, bool) {
        let state = self.state();
        let before = state.left;
        let stays = |state: &mut State| state.left == before;
        let waited = self.work.wait_timeout_while(state, time, stays);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let left = state.left;
        (state.drain(most), left)
    }

    /// From now on nothing new is taken, for this reason; or it is again.
    pub(super) fn refuse(&self, why: Option<StoreError>) {
        self.state().refusing = why;
    }

    /// Lets nobody in any more.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.leave(0);
    }

    /// Nobody is there any more who could add something.
    pub(super) fn desert(&self) {
        let mut state = self.state();
        (state.closed, state.left, state.idle) = (true, true, false);
        drop(state);
        self.work.notify_one();
    }

    /// Is all said and stored? Else this one is woken.
    pub(super) fn is_done(&self, waker: &Waker) -> bool {
        let mut state = self.state();
        let done = state.free == self.places && state.waiting.is_empty();
        if !done {
            state.wait(waker);
        }
        done
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn wait(&mut self, waker: &Waker) {
        if !self.wakers.iter().any(|known| known.will_wake(waker)) {
            self.wakers.push(waker.clone());
        }
    }

    fn drain(&mut self, most: usize) -> Vec<Waiting> {
        match self.waiting.len() <= most {
            true => std::mem::take(&mut self.waiting),
            false => self.waiting.drain(..most).collect(),
        }
    }
}
