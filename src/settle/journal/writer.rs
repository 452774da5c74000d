//! The one thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::gather::Batch;
use super::queue::Queue;
use super::settings::JournalSettings;
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
    /// How much longer does it try when everybody has left?
    patience: Duration,
    /// How long has it waited last? Not at all, as long as the store does not fail.
    waited: Duration,
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
            limits: settings.limits.clone(),
            patience: settings.patience,
            waited: Duration::ZERO,
        }
    }

    pub(super) fn run(mut self) {
        while let Some(waiting) = self.queue.next(MOST) {
            let mut batch = Batch::default();
            batch.extend(waiting);
            self.write(batch, MOST);
        }
    }

    /// Writes it, and as much of what comes meanwhile as makes it so many entries.
    fn write(&mut self, mut batch: Batch, most: usize) {
        while !batch.entries.is_empty() {
            // Whoever reads what a limit is to begin with finds a row in the store, or it is under way: never both.
            let limits = self.limits.clone();
            let turn = limits.books_turn();
            let committed = self.commit(&batch.entries);
            let error = match committed {
                Ok(()) => {
                    // Whoever is told may ask for more at once.
                    self.succeeded();
                    let free = batch.tell(|| Ok(()));
                    drop(turn);
                    return self.queue.leave(free);
                }
                // Of those that are in conflict each fails alone.
                Err(StoreError::Conflict(_)) if batch.entries.len() > 1 => {
                    drop(turn);
                    // What comes after them must not overtake them: the end of a hold, say.
                    return batch.split().for_each(|one| self.write(one, 1));
                }
                Err(error @ StoreError::Conflict(_)) => {
                    telemetry::not_stored(&error, 1);
                    return self.queue.leave(batch.tell(|| Err(error.again())));
                }
                Err(error) => error,
            };
            drop(turn);
            if self.waited.is_zero() {
                telemetry::not_stored(&error, batch.entries.len());
            }
            if !matches!(error, StoreError::Away(_)) {
                self.queue.refuse(Some(error.again()));
                self.queue.leave(batch.refuse(&error));
            }
            self.waited = (self.waited * 2).clamp(BACKOFF[0], BACKOFF[1]);
            let room = most.saturating_sub(batch.entries.len());
            let (more, left) = self.queue.pause(self.waited, room);
            batch.extend(more);
            if left {
                self.patience = self.patience.saturating_sub(self.waited);
            }
            if self.patience.is_zero() {
                telemetry::lost(&error, batch.entries.len());
                return self.queue.leave(batch.tell(|| Err(error.again())));
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

    /// A store that panics has failed, and is asked again.
    fn commit(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let committed = catch_unwind(AssertUnwindSafe(|| self.store.commit(entries)));
        committed.unwrap_or_else(|_| Err(StoreError::Other("it panicked".into())))
    }
}
