//! What the store will not have, though it takes all else.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::gather::Kept;
use crate::clock::later;

/// Entries that are tried again one by one, so that none of them is in the way of others.
#[derive(Debug, Default)]
pub(super) struct Aside {
    entries: VecDeque<Kept>,
    waited: Duration,
    next: Option<Instant>,
}

/// So many at most. With one more, all that come behind it wait for it.
const MOST: usize = 1024;
/// How long it waits before it tries the next: twice as long each time, up to the last.
const BACKOFF: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];

// === impl Aside ===

impl Aside {
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= MOST
    }

    /// Puts these at the end.
    pub(super) fn add(&mut self, entries: Vec<Kept>, now: Instant) {
        self.entries.extend(entries);
        self.next.get_or_insert_with(|| later(now, BACKOFF[0]));
    }

    /// How long is nothing to be tried?
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        self.next.map(|next| next.saturating_duration_since(now))
    }

    /// Whichever has waited longest, if its time has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<Kept> {
        self.next.filter(|next| *next <= now)?;
        self.entries.pop_front()
    }

    /// That one is stored; or it is put at the end.
    pub(super) fn tried(&mut self, failed: Option<Kept>, now: Instant) {
        self.waited = match failed.is_some() {
            true => (self.waited * 2).clamp(BACKOFF[0], BACKOFF[1]),
            false => BACKOFF[0],
        };
        self.entries.extend(failed);
        self.next = (!self.entries.is_empty()).then(|| later(now, self.waited));
    }

    /// All of them: it is over.
    pub(super) fn take(&mut self) -> VecDeque<Kept> {
        self.next = None;
        std::mem::take(&mut self.entries)
    }
}
