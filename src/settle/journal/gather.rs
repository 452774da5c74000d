//! What is committed at once, and who is told.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::queue::Waiting;
use super::ticket::{Teller, gone};
use crate::generation::GenerationId;
use crate::limits::{Share, Unwritten};
use crate::settle::lease::Drawn;
use crate::settle::limited::Shares;
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
    shares: Shares,
    amount: u64,
    /// Is it spent already, before it is stored?
    spent: bool,
    /// Was a lease that it is of asked for anew?
    again: bool,
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
        for waiting in waiting {
            let amount = waiting.amount();
            self.entries.push(waiting.entry);
            self.about.push(About {
                unwritten: waiting.unwritten,
                ticket: waiting.ticket,
                last: waiting.last,
                shares: waiting.shares,
                amount,
                spent: false,
                again: false,
            });
        }
    }

    /// Which holds are over by it?
    pub(super) fn ends(&self) -> impl Iterator<Item = &GenerationId> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Row(row) => Some(&row.id),
            Entry::Released(id) => Some(id),
            _ => None,
        })
    }

    /// Adds what its entries have drawn of leases, for one commit.
    pub(super) fn draw(&mut self, drawn: &[Drawn]) {
        self.entries.extend(drawn.iter().cloned().map(Entry::Drawn));
    }

    /// It is over.
    pub(super) fn undraw(&mut self) {
        self.entries.truncate(self.about.len());
    }

    /// By what its entries are counted that is leased.
    pub(super) fn shares(&self) -> impl Iterator<Item = &Share> {
        let shares = self.about.iter().filter_map(|about| about.shares.as_ref());
        shares.flat_map(|shares| shares.iter())
    }

    /// Lets claims go on that wait, where so much of these may be spent although nobody can record it.
    pub(super) fn spend(&mut self, mut may: impl FnMut(&Shares, u64) -> bool) {
        for about in self.about.iter_mut().filter(|about| about.is_claim()) {
            if may(&about.shares, about.amount) {
                about.spent = true;
                if let Some(ticket) = about.ticket.take() {
                    ticket.tell(Ok(()));
                }
            }
        }
    }

    /// Takes out the claims that are of this.
    pub(super) fn claims_of(&mut self, mut is_of: impl FnMut(&Shares) -> bool) -> Self {
        let mut claims = Self::default();
        for (entry, about) in self.take() {
            let batch = match about.is_claim() && is_of(&about.shares) {
                true => &mut claims,
                false => &mut *self,
            };
            batch.entries.push(entry);
            batch.about.push(about);
        }
        claims
    }

    /// Refuses those for which a lease was asked for anew; it will be for the others.
    pub(super) fn refuse_again(&mut self, why: &StoreError) {
        for (entry, mut about) in self.take() {
            if about.again {
                about.tell(Err(why.again()));
            } else {
                about.again = true;
                self.entries.push(entry);
                self.about.push(about);
            }
        }
    }

    /// Nobody waits for this hold any more.
    pub(super) fn forget(&mut self, id: &GenerationId) {
        for (entry, about) in self.take() {
            match &entry {
                Entry::Hold(hold) if hold.id == *id => {
                    about.tell(Ok(()));
                }
                _ => {
                    self.entries.push(entry);
                    self.about.push(about);
                }
            }
        }
    }

    /// Both, in this order.
    pub(super) fn and(mut self, mut other: Self) -> Self {
        self.entries.append(&mut other.entries);
        self.about.append(&mut other.about);
        self
    }

    /// Refuses what is new, and keeps what must be. Returns how many places that makes free.
    pub(super) fn refuse(&mut self, why: &StoreError) -> usize {
        let mut free = 0;
        for (entry, about) in self.take() {
            if about.spent || entry.must_be_kept() {
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
            let must_be_kept = about.spent || entry.must_be_kept();
            free += about.tell(Err(why.again()));
            if must_be_kept {
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
    /// Does somebody wait for it, and is leased what it claims?
    fn is_claim(&self) -> bool {
        self.ticket.is_some() && self.amount > 0 && self.shares.is_some()
    }

    fn tell(self, what: Result<(), StoreError>) -> usize {
        drop(self.unwritten);
        if let Some(ticket) = self.ticket {
            ticket.tell(what);
        }
        self.last.into()
    }
}
