//! A request's claim on the ledger.

use super::account::{Asked, record};
use super::ledger::Slot;
use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::clock::now;
use crate::telemetry;

/// A request's claim on the ledger, settled exactly once: at the latest when it is dropped.
#[derive(Debug)]
pub struct Hold<S: Slot> {
    slot: Option<S>,
    call: Call,
    asked: Asked,
}

// === impl Hold ===

impl<S: Slot> Hold<S> {
    pub(super) fn new(slot: S, call: Call, asked: Asked) -> Self {
        Self {
            slot: Some(slot),
            call,
            asked,
        }
    }

    /// The attempt that answers.
    pub(super) fn attempt(&self) -> Option<Attempt> {
        self.call.last()
    }

    /// Writes the record, once.
    pub(super) fn settle(&mut self, end: End) {
        if let Some(slot) = self.slot.take() {
            let record = record(&self.call, std::mem::take(&mut self.asked), end, now());
            telemetry::settled(&record);
            slot.write(record);
        }
    }
}

impl<S: Slot> Drop for Hold<S> {
    fn drop(&mut self) {
        self.settle(End::Cancelled);
    }
}
