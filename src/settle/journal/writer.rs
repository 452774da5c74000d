//! The one thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::aside::Aside;
use super::gather::{Batch, Kept};
use super::queue::{Next, Queue};
use super::settings::JournalSettings;
use crate::clock;
use crate::generation::GenerationId;
use crate::limits::Limits;
use crate::settle::store::{Entry, Store, StoreError};
use crate::telemetry;

/// So many entries are committed at once, at most: some milliseconds of work.
const MOST: usize = 1024;
/// How long it waits before it tries again: twice as long each time, up to the last.
const BACKOFF: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];

/// Writes whatever the queue has until everybody has left; then for as long as the patience lasts.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue>,
    store: Arc<dyn Store>,
    limits: Limits,
    aside: Aside,
    /// How much longer does it try when everybody has left?
    patience: Duration,
    /// How long has it waited last? Not at all, as long as the store does not fail.
    waited: Duration,
}

/// Why is something not stored?
enum Fault {
    /// It is in conflict with what is there.
    Conflict,
    /// The store takes others, but not this.
    Entry,
    /// The store takes nothing.
    Store,
}

// === impl Writer ===

impl Writer {
    pub(super) fn new(
        queue: Arc<Queue>,
        store: Arc<dyn Store>,
        settings: &JournalSettings,
    ) -> Self {
        Self {
            queue,
            store,
            aside: Aside::default(),
            limits: settings.limits.clone(),
            patience: settings.patience,
            waited: Duration::ZERO,
        }
    }

    /// However it ends, nobody waits for it any more.
    pub(super) fn run(mut self) {
        let worked = catch_unwind(AssertUnwindSafe(|| self.work()));
        let mut unwritten = Batch::default();
        unwritten.extend(self.queue.end());
        if worked.is_err() {
            telemetry::writer_gone();
        }
    }

    fn work(&mut self) {
        loop {
            let wait = self.aside.wait(clock::now());
            match self.queue.next(MOST, wait.unwrap_or(clock::CENTURY)) {
                Next::Write(waiting) => {
                    let mut batch = Batch::default();
                    batch.extend(waiting);
                    self.write(batch, MOST);
                }
                Next::Idle => {}
                Next::Over => break,
            }
            self.try_again();
        }
        for kept in self.aside.take() {
            if let Err((kept, error)) = self.write_kept(kept) {
                telemetry::lost(&error, &kept.entry);
            }
        }
    }

    /// Writes it, and as much of what comes meanwhile as makes it so many entries.
    fn write(&mut self, mut batch: Batch, most: usize) {
        while !batch.entries().is_empty() {
            let error = match self.write_once(batch) {
                Ok(free) => return self.queue.leave(free),
                Err((back, error)) => {
                    batch = back;
                    error
                }
            };
            let alone = batch.entries().len() == 1;
            match self.fault(&error) {
                // What comes after them must not overtake them: the end of a hold, say.
                Fault::Conflict | Fault::Entry if !alone => {
                    return batch.split().for_each(|one| self.write(one, 1));
                }
                Fault::Conflict => return self.lose(batch, &error),
                Fault::Entry if !self.aside.is_full() => {
                    // It may have been the store, which is well again.
                    return match self.write_once(batch) {
                        Ok(free) => self.queue.leave(free),
                        Err((batch, _)) => self.set_aside(batch, &error),
                    };
                }
                Fault::Entry | Fault::Store => {}
            }
            if self.waited.is_zero() {
                telemetry::not_stored(&error, batch.entries().len());
            }
            if !matches!(error, StoreError::Away(_)) {
                self.queue.refuse(Some(error.again()));
                self.queue.leave(batch.refuse(&error));
            }
            self.waited = (self.waited * 2).clamp(BACKOFF[0], BACKOFF[1]);
            let room = most.saturating_sub(batch.entries().len());
            let (more, left) = self.queue.pause(self.waited, room);
            batch.extend(more);
            if left {
                self.patience = self.patience.saturating_sub(self.waited);
            }
            if self.patience.is_zero() {
                return self.lose(batch, &error);
            }
        }
        // Whether there is room again, the next that is asked for will tell.
        self.queue.refuse(None);
    }

    fn succeeded(&mut self) {
        if !self.waited.is_zero() {
            self.waited = Duration::ZERO;
            self.queue.refuse(None);
            telemetry::stored_again();
        }
    }

    /// It is told, and where nobody waits for it, as an event.
    fn lose(&self, batch: Batch, error: &StoreError) {
        let (free, lost) = batch.failed(error);
        lost.iter()
            .for_each(|kept| telemetry::lost(error, &kept.entry));
        self.queue.leave(free);
    }

    /// What is in the way of others is tried again later, if it must be kept.
    fn set_aside(&mut self, batch: Batch, error: &StoreError) {
        self.succeeded();
        let (free, kept) = batch.failed(error);
        kept.iter()
            .for_each(|kept| telemetry::set_aside(error, &kept.entry));
        self.aside.add(kept, clock::now());
        self.queue.leave(free);
    }

    fn try_again(&mut self) {
        let now = clock::now();
        let Some(kept) = self.aside.due(now) else {
            return;
        };
        let failed = match self.write_kept(kept) {
            Err((kept, error @ StoreError::Conflict(_))) => {
                telemetry::lost(&error, &kept.entry);
                None
            }
            tried => tried.err().map(|(kept, _)| kept),
        };
        self.aside.tried(failed, now);
    }

    /// Whose fault is it?
    fn fault(&self, error: &StoreError) -> Fault {
        match error {
            StoreError::Conflict(_) => Fault::Conflict,
            StoreError::Corrupt(_) | StoreError::Lapsed(_) | StoreError::Other(_) => {
                // The end of a hold that nobody took changes nothing, and tells.
                let nobody = GenerationId::new(SystemTime::UNIX_EPOCH, 0);
                match self.commit(&[Entry::Released(nobody)]) {
                    Ok(()) => Fault::Entry,
                    Err(_) => Fault::Store,
                }
            }
            StoreError::Away(_)
            | StoreError::Full(_)
            | StoreError::Newer(_)
            | StoreError::Taken(_) => Fault::Store,
        }
    }

    /// Returns how many places are free then; or all of it.
    fn write_once(&mut self, batch: Batch) -> Result<usize, (Batch, StoreError)> {
        // Whoever reads what a limit is to begin with finds a row in the store, or it is under way: never both.
        let limits = self.limits.clone();
        let _turn = limits.books_turn();
        match self.commit(batch.entries()) {
            Ok(()) => {
                // Whoever hears of it may come with more.
                self.succeeded();
                Ok(batch.stored())
            }
            Err(error) => Err((batch, error)),
        }
    }

    /// Likewise.
    fn write_kept(&self, kept: Kept) -> Result<(), (Kept, StoreError)> {
        let _turn = self.limits.books_turn();
        match self.commit(std::slice::from_ref(&kept.entry)) {
            Ok(()) => Ok(drop(kept)),
            Err(error) => Err((kept, error)),
        }
    }

    /// A store that panics has failed, and is asked again. Of its errors the words are kept.
    fn commit(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let commit = || self.store.commit(entries).map_err(|error| error.again());
        let committed = catch_unwind(AssertUnwindSafe(commit));
        committed.unwrap_or_else(|_| Err(StoreError::Other("it panicked".into())))
    }
}
