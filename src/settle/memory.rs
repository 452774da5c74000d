//! A ledger in memory: the newest records, and the sums of all.

use std::task::{Context, Poll};

use super::books::{Books, HasBooks};
use super::claim::{Claim, Held};
use super::ledger::{Ledger, Slot};
use super::recent::{Recent, Totals};
use super::record::Record;
use crate::error::{BoxError, Error};
use crate::money::Money;

/// Keeps the newest records and the sums of all. Shared by all clones; gone with the process.
///
/// It always has room: the oldest record makes place for a new one, and stays in the sums. See the example in
/// the [module docs](super).
#[derive(Clone, Debug)]
pub struct MemoryLedger(Recent);

/// A place in a [`MemoryLedger`].
#[derive(Debug)]
pub struct MemorySlot {
    ledger: Recent,
    held: Money,
}

// === impl MemoryLedger ===

impl MemoryLedger {
    /// Keeps this many records.
    pub fn new(capacity: usize) -> Self {
        Self(Recent::new(capacity))
    }

    /// A copy of the record of this generation, if it is still kept.
    pub fn get(&self, id: &str) -> Option<Record> {
        self.0.with(&id.parse().ok()?, Record::clone)
    }

    /// A copy of all kept records, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.0.records()
    }

    /// The sums of all records, with those no longer kept.
    pub fn totals(&self) -> Totals {
        self.0.totals()
    }
}

impl Default for MemoryLedger {
    /// Keeps 10,000 records.
    fn default() -> Self {
        Self::new(10_000)
    }
}

impl HasBooks for MemoryLedger {
    fn books(&self) -> Books {
        Books::of(self.0.clone())
    }
}

impl Ledger for MemoryLedger {
    type Slot = MemorySlot;

    fn poll_slot(&mut self, _: &mut Context<'_>) -> Poll<Result<MemorySlot, BoxError>> {
        Poll::Ready(Ok(MemorySlot {
            ledger: self.0.clone(),
            held: Money::ZERO,
        }))
    }
}

// === impl MemorySlot ===

impl Slot for MemorySlot {
    fn hold(&mut self, claim: &Claim) -> Result<Held, Error> {
        let before = std::mem::replace(&mut self.held, claim.amount);
        self.ledger.claim(claim.amount, before);
        Ok(Held::Now)
    }

    fn write(&mut self, record: Record) {
        let held = std::mem::take(&mut self.held);
        self.ledger.push(record, held);
    }
}

impl Drop for MemorySlot {
    fn drop(&mut self) {
        self.ledger.claim(Money::ZERO, self.held);
    }
}
