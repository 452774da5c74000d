//! What is committed at once, and who is told.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::queue::Waiting;
use super::ticket::{Teller, gone};
use crate::limits::Unwritten;
use crate::settle::store::{Entry, StoreError};
use crate::telemetry;

/// What is committed at once. What is left in it when it is dropped is lost, and that is told.
#[derive(Debug, Default)]
pub(super) struct Batch {
    entries: Vec<Entry>,
    about: Vec<About>,
}

#[derive(Debug)]
struct About {
    unwritten: Option<Unwritten>,
    ticket: Option<Teller>,
    last: bool,
}

/// What has to be stored, though nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) entry: Entry,
    _unwritten: Option<Unwritten>,
}

// === impl Batch ===

impl Batch {
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

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

    pub(super) fn append(&mut self, mut other: Self) {
        self.entries.append(&mut other.entries);
        self.about.append(&mut other.about);
    }

    /// Refuses what is new, and keeps what must be. Returns how many places that makes free.
    pub(super) fn refuse(&mut self, why: &StoreError) -> usize {
        let mut free = 0;
        for (entry, about) in self.take() {
            if entry.must_be_kept() {
                self.entries.push(entry);
                self.about.push(about);
            } else {
                free += about.tell(Err(why.again()));
            }
        }
        free
    }

    /// Each of them alone.
    pub(super) fn split(mut self) -> impl Iterator<Item = Self> {
        self.take().map(|(entry, about)| Self {
            entries: vec![entry],
            about: vec![about],
        })
    }

    /// All of it is stored. Returns how many places that makes free.
    pub(super) fn stored(mut self) -> usize {
        self.take().map(|(_, about)| about.tell(Ok(()))).sum()
    }

    /// None of it is, for this reason. Returns how many places that makes free, and what must be kept all the same.
    pub(super) fn failed(mut self, why: &StoreError) -> (usize, Vec<Kept>) {
        let (mut free, mut kept) = (0, Vec::new());
        for (entry, mut about) in self.take() {
            let _unwritten = about.unwritten.take();
            free += about.tell(Err(why.again()));
            if entry.must_be_kept() {
                kept.push(Kept { entry, _unwritten });
            }
        }
        (free, kept)
    }

    fn take(&mut self) -> impl Iterator<Item = (Entry, About)> + use<> {
        let entries = std::mem::take(&mut self.entries).into_iter();
        entries.zip(std::mem::take(&mut self.about))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let lost = |entry| telemetry::lost(&gone(), entry);
        let told = || self.entries.iter().for_each(lost);
        // What panics here might be what has panicked before: then the process would end.
        let _ = catch_unwind(AssertUnwindSafe(told));
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
