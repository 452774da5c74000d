//! A request's claim on the ledger.

use std::task::{Context, Poll};

use super::account::{Asked, record};
use super::claim::learn;
use super::ledger::Slot;
use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::clock::now;
use crate::error::Error;
use crate::telemetry;

/// A request's claim on the ledger, settled exactly once: at the latest when it is dropped.
///
/// See the [module docs](super).
#[derive(Debug)]
pub struct Hold<S: Slot> {
    slot: S,
    call: Call,
    asked: Asked,
    stage: Stage,
}

/// How far has it come?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The ledger has not taken it yet, or not at all: nobody is asked.
    Claimed,
    /// The upstream may be asked.
    Held,
    /// From now on the attempt that gives the answer says how the request ends.
    Answered,
    /// Its record is written.
    Settled,
}

// === impl Hold ===

impl<S: Slot> Hold<S> {
    pub(super) fn new(slot: S, call: Call, asked: Asked) -> Self {
        Self {
            slot,
            call,
            asked,
            stage: Stage::Claimed,
        }
    }

    /// The ledger has taken it.
    pub(super) fn taken(&mut self) {
        self.stage = Stage::Held;
    }

    /// Has the ledger taken it?
    pub(super) fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let held = self.slot.poll_held(cx);
        if let Poll::Ready(Ok(())) = held {
            self.taken();
        }
        held
    }

    /// There is an answer: from now on the attempt that gives it says how the request ends.
    pub(super) fn answered(&mut self) -> Option<Attempt> {
        if self.stage == Stage::Held {
            self.stage = Stage::Answered;
        }
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
        let told = match self.stage {
            Stage::Claimed | Stage::Settled => return,
            Stage::Held => None,
            Stage::Answered => self.call.ended(),
        };
        self.stage = Stage::Settled;
        let end = told.map_or(end, |(end, _)| end);
        let text = self.asked.text;
        let record = record(&self.call, std::mem::take(&mut self.asked), end, now());
        learn(&self.call, &record, text);
        telemetry::settled(&record);
        if let Some(overrun) = record.overrun() {
            telemetry::overrun(&record, overrun);
        }
        self.slot.write(record);
    }

    /// Is the record safe? Nothing to wait for as long as none is written.
    pub(super) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.stage {
            Stage::Settled => self.slot.poll_written(cx),
            Stage::Claimed | Stage::Held | Stage::Answered => Poll::Ready(Ok(())),
        }
    }
}

impl<S: Slot> Drop for Hold<S> {
    fn drop(&mut self) {
        self.settle(End::Cancelled);
    }
}
