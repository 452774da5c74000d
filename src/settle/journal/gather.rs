//! What is committed at once, and who is told.

use std::sync::Arc;

use super::queue::Waiting;
use super::ticket::Ticket;
use crate::limits::Unwritten;
use crate::settle::store::{Entry, StoreError};

/// What is committed at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    about: Vec<About>,
}

#[derive(Debug)]
struct About {
    unwritten: Option<Unwritten>,
    ticket: Option<Arc<Ticket>>,
    last: bool,
}

// === impl Batch ===

impl Batch {
    pub(super) fn extend(&mut self, waiting: Vec<Waiting>) {
        for Waiting {
            entry,
            unwritten,
            ticket,
            last,
        } in waiting
        {
            self.entries.push(entry);
            self.about.push(About {
                unwritten,
                ticket,
                last,
            });
        }
    }

    /// Refuses what is new, and keeps what must be. Returns how many places that makes free.
    pub(super) fn refuse(&mut self, why: &StoreError) -> usize {
        let mut kept = Self::default();
        let mut free = 0;
        let entries = std::mem::take(&mut self.entries);
        for (entry, about) in entries.into_iter().zip(self.about.drain(..)) {
            if must_be_kept(&entry) {
                kept.entries.push(entry);
                kept.about.push(about);
            } else {
                free += about.tell(Err(why.again()));
            }
        }
        *self = kept;
        free
    }

    /// Each of them alone.
    pub(super) fn split(self) -> impl Iterator<Item = Self> {
        let all = self.entries.into_iter().zip(self.about);
        all.map(|(entry, about)| Self {
            entries: vec![entry],
            about: vec![about],
        })
    }

    /// Tells each what has become of its entry. Returns how many places that makes free.
    pub(super) fn tell(self, what: impl Fn() -> Result<(), StoreError>) -> usize {
        self.about.into_iter().map(|about| about.tell(what())).sum()
    }
}

// === impl About ===

impl About {
    fn tell(self, what: Result<(), StoreError>) -> usize {
        drop(self.unwritten);
        if let Some(ticket) = self.ticket {
            ticket.tell(what);
        }
        self.last.into()
    }
}

/// A row, or the end of a hold, is about what has happened; all else can be asked for again.
fn must_be_kept(entry: &Entry) -> bool {
    match entry {
        Entry::Row(_) | Entry::Released(_) => true,
        Entry::Hold(_) | Entry::Credit(_) | Entry::Document(_) | Entry::Drawn(_) => false,
    }
}
