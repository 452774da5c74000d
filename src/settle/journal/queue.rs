//! What waits for the writer, within a bound.

use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::time::Duration;

use super::leasing::Wish;
use super::line::Line;
use super::ticket::{Teller, gone, wake};
use crate::limits::Unwritten;
use crate::settle::limited::Shares;
use crate::settle::store::{Entry, StoreError};
use crate::sync::{Condvar, Mutex, MutexGuard};
use crate::telemetry;

/// The way from those who ask to the one who writes.
///
/// Who has a place may add what it has to say without waiting: a hold, and what becomes of it. With the last of it the
/// place goes to the writer, who gives it back once it is stored. For each place that is free one is woken, whoever has
/// waited longest; should somebody else be faster, he keeps his place in the line, and should he not come, the next is woken
/// soon.
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
    line: Line,
    /// Who waits until all is stored.
    closing: Line,
    /// Does the writer wait for work?
    idle: bool,
    /// Is nobody let in any more?
    closed: bool,
    /// Are all gone who could add something?
    left: bool,
    /// Is the writer gone?
    ended: bool,
    /// Is there something else to do for the writer?
    nudged: bool,
    /// Why is nothing new taken?
    refusing: Option<StoreError>,
}

/// One entry on its way.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) entry: Entry,
    /// Until it is stored, limits that come count it besides what the store knows.
    pub(super) unwritten: Option<Unwritten>,
    pub(super) ticket: Option<Teller>,
    /// Is a place free again once it is stored?
    pub(super) last: bool,
    /// By what it is counted that is leased.
    pub(super) shares: Shares,
    /// Is there still to be leased for it?
    pub(super) wish: Option<Arc<Wish>>,
}

/// Nobody is let in any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed;

/// What is the writer to do?
#[derive(Debug)]
pub(super) enum Next {
    /// Write these: at least one.
    Write(Vec<Waiting>),
    /// Whatever it likes: nothing has come.
    Idle,
    /// Nothing any more.
    Over,
}

/// Whoever is called comes by then, mostly; else the next is called.
const SOON: Duration = Duration::from_millis(10);

// === impl Waiting ===

impl Waiting {
    /// Nothing is leased for it.
    pub(super) fn new(entry: Entry, ticket: Option<Teller>, last: bool) -> Self {
        Self {
            entry,
            unwritten: None,
            ticket,
            last,
            shares: None,
            wish: None,
        }
    }

    /// What it claims.
    pub(super) fn amount(&self) -> u64 {
        match &self.entry {
            Entry::Hold(hold) => u64::try_from(hold.amount.picodollars()).unwrap_or(0),
            _ => 0,
        }
    }

    /// Nothing is written of it: whoever waits is told.
    pub(super) fn tell(self, what: Result<(), StoreError>) {
        if let Some(ticket) = self.ticket {
            ticket.tell(what);
        }
    }
}

// === impl Queue ===

impl Queue {
    pub(super) fn new(places: usize) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: Vec::new(),
                free: places,
                line: Line::default(),
                closing: Line::default(),
                idle: false,
                closed: false,
                left: false,
                ended: false,
                nudged: false,
                refusing: None,
            }),
            work: Condvar::new(),
            places,
        }
    }

    /// Takes a place; none where there is none: then this one waits as the number that it is given.
    pub(super) fn enter(
        &self,
        number: &mut Option<u64>,
        waker: &Waker,
    ) -> Option<Result<(), Closed>> {
        let mut state = self.state();
        let (before, entered) = match (state.closed, state.free) {
            (true, _) => (None, Some(Err(Closed))),
            (false, 0) => (state.line.wait(number, waker), None),
            (false, _) => {
                state.free -= 1;
                let number = number.take();
                (number.and_then(|it| state.line.goes(it)), Some(Ok(())))
            }
        };
        // Whoever is woken no more may be gone with his waker, and what he had may come here.
        drop(state);
        drop(before);
        entered
    }

    /// Waits no more.
    pub(super) fn go(&self, number: u64) {
        let mut state = self.state();
        match state.line.goes(number) {
            Some(waker) => {
                drop(state);
                drop(waker);
            }
            // Whatever it was called for is for the next.
            None => self.free(state, 0),
        }
    }

    /// Gives places back that nothing was said from.
    pub(super) fn leave(&self, places: usize) {
        self.free(self.state(), places);
    }

    fn free(&self, mut state: MutexGuard<'_, State>, places: usize) {
        state.free += places;
        let free = state.free;
        let mut woken = state.line.call(free);
        if state.is_anybody_left() && std::mem::take(&mut state.idle) {
            self.work.notify_one();
        }
        if state.is_done(self.places) {
            woken.extend(state.closing.call(usize::MAX));
        }
        drop(state);
        woken.into_iter().for_each(wake);
    }

    /// Adds something new, which may be refused.
    pub(super) fn ask(&self, waiting: Waiting) -> Result<(), StoreError> {
        let state = self.state();
        match &state.refusing {
            _ if state.ended => Err(gone()),
            Some(why) => Err(why.again()),
            None => {
                self.push(state, waiting);
                Ok(())
            }
        }
    }

    /// Adds what must be kept.
    pub(super) fn say(&self, waiting: Waiting) {
        let state = self.state();
        if state.ended {
            drop(state);
            telemetry::lost(&gone(), &waiting.entry);
            return self.leave(waiting.last.into());
        }
        self.push(state, waiting);
    }

    fn push(&self, mut state: MutexGuard<'_, State>, waiting: Waiting) {
        state.waiting.push(waiting);
        if std::mem::take(&mut state.idle) {
            self.work.notify_one();
        }
    }

    /// Whatever has gathered, at most so many; it waits for it, no longer than this.
    pub(super) fn next(&self, most: usize, time: Duration) -> Next {
        let mut state = self.state();
        let mut late = Vec::new();
        if state.waiting.is_empty() && !state.left && !state.nudged {
            state.idle = true;
            let left = state.is_anybody_left();
            let time = if left { time.min(SOON) } else { time };
            let stays = |state: &mut State| {
                let quiet = state.waiting.is_empty() && !state.left && !state.nudged;
                // Whoever wakes it for nothing has taken it for awake.
                state.idle = quiet && state.is_anybody_left() == left;
                state.idle
            };
            let waited = self.work.wait_timeout_while(state, time, stays);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.idle = false;
            if left {
                let free = state.free;
                late = state.line.call(free);
            }
        }
        state.nudged = false;
        let next = match (state.waiting.is_empty(), state.left) {
            (false, _) => Next::Write(state.drain(most)),
            (true, false) => Next::Idle,
            (true, true) => Next::Over,
        };
        drop(state);
        late.into_iter().for_each(wake);
        next
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

    /// There is something else to do for the writer, which looks for it.
    pub(super) fn nudge(&self) {
        let mut state = self.state();
        state.nudged = true;
        if std::mem::take(&mut state.idle) {
            self.work.notify_one();
        }
    }

    /// From now on nothing new is taken, for this reason; or it is again.
    pub(super) fn refuse(&self, why: Option<StoreError>) {
        self.state().refusing = why;
    }

    /// Lets nobody in any more.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let waiting = state.line.call(usize::MAX);
        self.free(state, 0);
        waiting.into_iter().for_each(wake);
    }

    /// Nobody is there any more who could add something.
    pub(super) fn desert(&self) {
        let mut state = self.state();
        (state.closed, state.left, state.idle) = (true, true, false);
        drop(state);
        self.work.notify_one();
    }

    /// The writer is gone: nobody is let in any more, and whoever waits is told. Returns what nobody will write.
    pub(super) fn end(&self) -> Vec<Waiting> {
        let mut state = self.state();
        state.ended = true;
        let unwritten = std::mem::take(&mut state.waiting);
        drop(state);
        self.close();
        unwritten
    }

    /// Is all said and stored, or nobody there to store it? Else this one is woken as the number that it is given.
    pub(super) fn is_done(&self, number: &mut Option<u64>, waker: &Waker) -> bool {
        let mut state = self.state();
        if state.is_done(self.places) {
            return true;
        }
        let before = state.closing.wait(number, waker);
        drop(state);
        drop(before);
        false
    }

    /// Does not wait for the end any more.
    pub(super) fn forget(&self, number: u64) {
        let gone = self.state().closing.goes(number);
        drop(gone);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    /// Does somebody wait, though there is a place? Whoever was called for it has not come.
    fn is_anybody_left(&self) -> bool {
        self.free > 0 && !self.line.is_empty()
    }

    fn is_done(&self, places: usize) -> bool {
        self.ended || (self.free == places && self.waiting.is_empty())
    }

    fn drain(&mut self, most: usize) -> Vec<Waiting> {
        match self.waiting.len() <= most {
            true => std::mem::take(&mut self.waiting),
            false => self.waiting.drain(..most).collect(),
        }
    }
}
