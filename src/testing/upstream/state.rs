use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{sync::watch, time::Instant};

use super::{Ending, Entry, Prices, Seen, account::Account, cues::Cues, log::Log};
use crate::testing::Script;

/// What the handle, the connections and the calls of one upstream share.
#[derive(Debug)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) seed: u64,
    pub(super) models: Vec<String>,
    pub(super) max_body: usize,
    pub(super) counts: watch::Sender<Counts>,
    closing: watch::Sender<bool>,
    log: Mutex<Log>,
    cues: Mutex<Cues>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) connections: u64,
    pub(super) begun: u64,
    pub(super) ended: u64,
    pub(super) left: u64,
}

/// The bounds of the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) calls: usize,
    pub(super) bytes: usize,
    pub(super) body: usize,
}

// === impl State ===

impl State {
    pub(super) fn new(
        name: String,
        seed: u64,
        models: Vec<String>,
        prices: Prices,
        bounds: Bounds,
    ) -> Self {
        Self {
            name,
            seed,
            models,
            max_body: bounds.body,
            counts: watch::Sender::default(),
            closing: watch::Sender::default(),
            log: Mutex::new(Log::new(bounds.calls, bounds.bytes, prices)),
            cues: Mutex::default(),
        }
    }

    pub(super) fn begin(self: &Arc<Self>, seen: &mut Seen, now: Instant) -> Account {
        lock(&self.log).begin(seen);
        self.counts.send_modify(|counts| counts.begun += 1);
        Account::open(Arc::clone(self), seen.number, now)
    }

    pub(super) fn end(&self, entry: Entry) {
        let ending = entry.ending;
        lock(&self.log).end(entry);
        self.counts.send_modify(|counts| {
            counts.ended += 1;
            counts.left += u64::from(matches!(ending, Ending::ClientLeft { .. }));
        });
    }

    pub(super) fn script_for(&self, seen: &Seen) -> Script {
        let cue = lock(&self.cues).next();
        cue.script(seen)
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    pub(super) fn cues(&self) -> MutexGuard<'_, Cues> {
        lock(&self.cues)
    }

    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }

    pub(super) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    pub(super) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // The sender lives as long as `self`.
        let _ = closing.wait_for(|closing| *closing).await;
    }
}

/// A test that panicked under the lock has failed already; the others may go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
