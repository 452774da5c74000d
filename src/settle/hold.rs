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
pub struct Hold<S: Slot>(
    /// It goes from the call to the future, and from there to the body.
    Box<Claimed<S>>,
);

#[derive(Debug)]
struct Claimed<S> {
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
        Self(Box::new(Claimed {
            slot,
            call,
            asked,
            stage: Stage::Claimed,
        }))
    }

    /// The ledger has taken it.
    pub(super) fn taken(&mut self) {
        self.0.stage = Stage::Held;
    }

    /// Has the ledger taken it?
    pub(super) fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let held = self.0.slot.poll_held(cx);
        if let Poll::Ready(Ok(())) = held {
            self.taken();
        }
        held
    }

    /// There is an answer: from now on the attempt that gives it says how the request ends.
    pub(super) fn answered(&mut self) -> Option<Attempt> {
        if self.0.stage == Stage::Held {
            self.0.stage = Stage::Answered;
        }
        self.0.call.answer()
    }

    /// Is the answer over that this attempt has given? If another one goes on with it, that one counts from now on.
    pub(super) fn is_over(&self, attempt: &mut Attempt) -> bool {
        if self.0.call.recovery().times() == 0 {
            return attempt.ended().is_some();
        }
        if let Some(answer) = self.0.call.answer() {
            *attempt = answer;
        }
        attempt.ended().is_some() && !self.0.call.recovery().is_asking()
    }

    /// Writes the record, once.
    pub(super) fn settle(&mut self, end: End) {
        let Claimed {
            slot,
            call,
            asked,
            stage,
        } = &mut *self.0;
        let answered = match stage {
            Stage::Claimed | Stage::Settled => return,
            Stage::Held => false,
            Stage::Answered => true,
        };
        *stage = Stage::Settled;
        let text = asked.text;
        let record = call.with_attempts(|attempts| {
            let told = answered.then(|| call.ended(attempts)).flatten();
            let (end, at) = told.unwrap_or_else(|| (end, now()));
            let record = record(call, attempts, asked, end, at);
            learn(attempts, &record, text);
            record
        });
        telemetry::settled(&record);
        if let Some(overrun) = record.overrun() {
            telemetry::overrun(&record, overrun);
        }
        slot.write(record);
    }

    /// Is the record safe? Nothing to wait for as long as none is written.
    pub(super) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.0.stage {
            Stage::Settled => self.0.slot.poll_written(cx),
            Stage::Claimed | Stage::Held | Stage::Answered => Poll::Ready(Ok(())),
        }
    }
}

impl<S: Slot> Drop for Hold<S> {
    fn drop(&mut self) {
        self.settle(End::Cancelled);
    }
}
