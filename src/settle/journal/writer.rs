//! The one thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::aside::Aside;
use super::gather::{Batch, Kept};
use super::leasing::Leases;
use super::queue::{Next, Queue, Waiting};
use super::retention::{PORTION, Retention};
use super::settings::JournalSettings;
use crate::clock;
use crate::generation::GenerationId;
use crate::limits::Limits;
use crate::settle::lease::Drawn;
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
    leases: Option<Leases>,
    limits: Limits,
    aside: Aside,
    retention: Retention,
    /// How much longer does it try when everybody has left?
    patience: Duration,
    /// Until when, once they have.
    until: Option<Instant>,
    /// How long has it waited last? Not at all, as long as the store does not fail.
    waited: Duration,
}

/// Why is something not stored?
enum Fault {
    /// It is in conflict with what is there.
    Conflict,
    /// The store takes others, but not this.
    Entry,
    /// Somebody else has the name under which it is held; the store takes what has happened.
    Name,
    /// The store takes nothing.
    Store,
}

// === impl Writer ===

impl Writer {
    pub(super) fn new(
        queue: Arc<Queue>,
        store: Arc<dyn Store>,
        leases: Option<Leases>,
        settings: &JournalSettings,
    ) -> Self {
        Self {
            queue,
            store,
            leases,
            aside: Aside::default(),
            retention: Retention::new(settings.keep, clock::now()),
            limits: settings.limits.clone(),
            patience: settings.patience,
            until: None,
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
            let idle = match self.queue.next(MOST, self.wait()) {
                Next::Write(waiting) => {
                    let mut batch = Batch::default();
                    self.gather(&mut batch, waiting);
                    self.write(batch);
                    false
                }
                Next::Idle => true,
                Next::Over => break,
            };
            self.try_again();
            self.lease();
            self.prune(idle);
        }
        for kept in self.aside.take() {
            if let Some((kept, error)) = self.write_kept(kept) {
                telemetry::lost(&error, &kept.entry);
            }
        }
        if let Some(leases) = self.leases.take() {
            leases.close();
        }
    }

    /// How long is there nothing to do, if nothing comes?
    fn wait(&self) -> Duration {
        let now = clock::now();
        let pause = self.leases.as_ref().map(Leases::pause);
        let waits = [self.aside.wait(now), self.retention.wait(now), pause];
        waits.into_iter().flatten().min().unwrap_or(clock::CENTURY)
    }

    /// Takes what waits into the batch, but for what still has to be leased.
    fn gather(&mut self, batch: &mut Batch, mut waiting: Vec<Waiting>) {
        if let Some(leases) = &mut self.leases {
            leases.wish(waiting.extract_if(.., |waiting| waiting.wish.is_some()));
        }
        batch.extend(waiting);
    }

    /// Leases what is waited for, and what will be.
    fn lease(&mut self) {
        if let Some(leases) = &mut self.leases {
            let batch = leases.serve();
            leases.look_after();
            self.write(batch);
        }
    }

    /// Writes it; and meanwhile, if the store takes nothing, whatever comes.
    fn write(&mut self, mut batch: Batch) {
        if batch.entries().is_empty() {
            return;
        }
        while let Some((left, error)) = self.write_all(batch) {
            batch = left;
            if self.waited.is_zero() {
                telemetry::not_stored(&error, batch.entries().len());
            }
            if matches!(error, StoreError::Away(_)) {
                self.spend(&mut batch);
            } else {
                self.queue.refuse(Some(error.again()));
                self.queue.leave(batch.refuse(&error));
            }
            if matches!(error, StoreError::Full(_)) {
                self.retention.hasten(clock::now());
                self.prune(true);
            }
            self.waited = (self.waited * 2).clamp(BACKOFF[0], BACKOFF[1]);
            let room = MOST.saturating_sub(batch.entries().len());
            let (more, left) = self.queue.pause(self.waited, room);
            self.gather(&mut batch, more);
            if left && self.is_over() {
                return self.lose(batch, &error);
            }
            if batch.entries().is_empty() {
                // Whether there is room again, the next that is asked for will tell.
                return self.queue.refuse(None);
            }
        }
    }

    /// Everybody has left: is it time to give up? The tries take their part of the patience too.
    fn is_over(&mut self) -> bool {
        let now = clock::now();
        now >= *self.until.get_or_insert(clock::later(now, self.patience))
    }

    /// Writes all that the store takes, at once or each alone. Returns what has to wait, because it takes nothing.
    fn write_all(&mut self, batch: Batch) -> Option<(Batch, StoreError)> {
        let (batch, error) = match self.write_once(batch) {
            Ok(free) => {
                self.queue.leave(free);
                return None;
            }
            Err(failed) => failed,
        };
        if let Fault::Store = self.fault(&error) {
            return Some((batch, error));
        }
        // In their order: the end of a hold must not overtake it.
        let mut left = batch.split();
        let mut nameless: Option<(Batch, StoreError)> = None;
        while let Some(one) = left.next() {
            let (one, error) = match self.write_once(one) {
                Ok(free) => {
                    self.queue.leave(free);
                    continue;
                }
                Err(failed) => failed,
            };
            match self.fault(&error) {
                Fault::Conflict => self.lose(one, &error),
                Fault::Name => {
                    let before = nameless.map_or_else(Batch::default, |(before, _)| before);
                    nameless = Some((before.and(one), error));
                }
                Fault::Entry if !self.aside.is_full() => self.set_aside(one, &error),
                Fault::Entry | Fault::Store => {
                    let before = nameless.map_or_else(Batch::default, |(before, _)| before);
                    return Some((left.fold(before.and(one), Batch::and), error));
                }
            }
        }
        nameless
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
            Some((kept, error @ StoreError::Conflict(_))) => {
                telemetry::lost(&error, &kept.entry);
                None
            }
            failed => failed.map(|(kept, _)| kept),
        };
        self.aside.tried(failed, now);
    }

    /// Forgets a portion of what is kept no longer.
    fn prune(&mut self, idle: bool) {
        let now = clock::now();
        let Some(before) = self.retention.due(idle, now, clock::wall()) else {
            return;
        };
        let prune = || self.store.prune(before, PORTION);
        let pruned = catch_unwind(AssertUnwindSafe(prune));
        let pruned = pruned.unwrap_or_else(|_| Err(StoreError::Other("it panicked".into())));
        telemetry::pruned(&pruned);
        self.retention.gone(pruned.ok(), clock::now());
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
            StoreError::Taken(_) => Fault::Name,
            StoreError::Away(_)
            | StoreError::Busy(_)
            | StoreError::Full(_)
            | StoreError::Newer(_) => Fault::Store,
        }
    }

    /// With what is drawn by it. Returns how many places are free then; or all of it.
    fn write_once(&mut self, mut batch: Batch) -> Result<usize, (Batch, StoreError)> {
        while !batch.entries().is_empty() {
            let drawn = self.draw(&mut batch);
            if batch.entries().is_empty() {
                break;
            }
            let written = self.write_drawn(batch);
            let (left, error) = match written {
                Ok(free) => {
                    self.recorded(&drawn);
                    return Ok(free);
                }
                Err(failed) => failed,
            };
            batch = left;
            match error {
                // Claims wait for it, and what has happened is written all the same.
                StoreError::Lapsed(counter) if has(&drawn, &counter) => {
                    self.lapsed(&counter, &mut batch);
                }
                StoreError::Busy(locked) if locked.iter().any(|name| has(&drawn, name)) => {
                    self.busy(&locked, &mut batch);
                }
                error => return Err((batch, error)),
            }
        }
        Ok(0)
    }

    /// Likewise, as it is.
    fn write_drawn(&mut self, mut batch: Batch) -> Result<usize, (Batch, StoreError)> {
        // Whoever reads what a limit is to begin with finds a row in the store, or it is under way: never both.
        let limits = self.limits.clone();
        let _turn = limits.books_turn();
        let committed = self.commit(batch.entries());
        batch.undraw();
        match committed {
            Ok(()) => {
                // Whoever hears of it may come with more.
                self.succeeded();
                Ok(batch.stored())
            }
            Err(error) => Err((batch, error)),
        }
    }

    fn draw(&mut self, batch: &mut Batch) -> Vec<Drawn> {
        let Some(leases) = &mut self.leases else {
            return Vec::new();
        };
        leases.stall(batch);
        let drawn = leases.draw(batch);
        if !batch.entries().is_empty() {
            batch.draw(&drawn);
        }
        drawn
    }

    fn recorded(&mut self, drawn: &[Drawn]) {
        if let Some(leases) = &mut self.leases {
            leases.recorded(drawn);
        }
    }

    fn lapsed(&mut self, counter: &str, batch: &mut Batch) {
        if let Some(leases) = &mut self.leases {
            leases.lapsed(counter, batch);
        }
    }

    fn busy(&mut self, locked: &[String], batch: &mut Batch) {
        if let Some(leases) = &mut self.leases {
            leases.busy(locked, batch);
        }
    }

    /// Lets claims go on, as far as the reserve reaches.
    fn spend(&mut self, batch: &mut Batch) {
        if let Some(leases) = &mut self.leases {
            batch.spend(|shares, amount| leases.spend_unrecorded(shares, amount));
        }
    }

    /// Returns what is not stored.
    fn write_kept(&self, kept: Kept) -> Option<(Kept, StoreError)> {
        let _turn = self.limits.books_turn();
        match self.commit(std::slice::from_ref(&kept.entry)) {
            // Within the turn: else whoever has the next one finds it in the store and under way.
            Ok(()) => {
                drop(kept);
                None
            }
            Err(error) => Some((kept, error)),
        }
    }

    /// A store that panics has failed, and is asked again. Of its errors the words are kept.
    fn commit(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let commit = || self.store.commit(entries).map_err(|error| error.again());
        let committed = catch_unwind(AssertUnwindSafe(commit));
        committed.unwrap_or_else(|_| Err(StoreError::Other("it panicked".into())))
    }
}

fn has(drawn: &[Drawn], counter: &str) -> bool {
    drawn.iter().any(|drawn| drawn.counter == counter)
}
