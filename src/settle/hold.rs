//! A request's claim on the ledger.

use super::account::{Asked, record};
use super::ledger::Slot;
use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::clock::now;
use crate::telemetry;

/// A request's claim on the ledger, settled exactly once: at the latest when it is dropped.
///
/// See the [module docs](super).
#[derive(Debug)]
pub struct Hold<S: Slot> {
    slot: Option<S>,
    call: Call,
    asked: Asked,
    answered: bool,
}

// === impl Hold ===

impl<S: Slot> Hold<S> {
    pub(super) fn new(slot: S, call: Call, asked: Asked) -> Self {
        Self {
            slot: Some(slot),
            call,
            asked,
            answered: false,
        }
    }

    /// There is an answer: from now on the attempt that gives it says how the request ends.
    pub(super) fn answered(&mut self) -> Option<Attempt> {
        self.answered = true;
        self.call.answer()
    }

    /// Is the answer over that this attempt has given? If another one goes on with it, that one counts from now on.
    pub(super) fn is_over(&self, attempt: &mut Attempt) -> bool {
        if self.call.recovery().times() == 0 {
            return attempt.ended().is_some();
        }
        if let Some(answer) = self.call.answer() {
            *attempt = answer;
        }
        attempt.ended().is_some() && !self.call.recovery().is_asking()
    }

    /// Writes the record, once.
    pub(super) fn settle(&mut self, end: End) {
        if let Some(slot) = self.slot.take() {
            let told = self.answered.then(|| self.call.ended()).flatten();
            let end = told.map_or(end, |(end, _)| end);
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
