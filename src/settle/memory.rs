//! A ledger in memory: the newest records, and the sums of all.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::books::{Books, HasBooks};
use super::claim::{Claim, Held};
use super::ledger::{Ledger, Slot};
use super::limited::Limited;
use super::recent::{Recent, Totals};
use super::record::Record;
use crate::error::{BoxError, Error};
use crate::limits::{Limits, Now};
use crate::money::Money;

/// Keeps the newest records and the sums of all. Shared by all clones; gone with the process.
///
/// It always has room: the oldest record makes place for a new one, and stays in the sums. See the example in
/// the [module docs](super).
#[derive(Clone, Debug)]
pub struct MemoryLedger(
    /// One reference for each clone, of which each request takes some.
    Arc<Shared>,
);

#[derive(Clone, Debug)]
struct Shared {
    recent: Recent,
    limits: Limits,
}

/// A place in a [`MemoryLedger`].
#[derive(Debug)]
pub struct MemorySlot {
    ledger: MemoryLedger,
    held: Money,
    limited: Option<(Limited, Now)>,
}

// === impl MemoryLedger ===

impl MemoryLedger {
    /// Keeps this many records.
    pub fn new(capacity: usize) -> Self {
        Self(Arc::new(Shared {
            recent: Recent::new(capacity),
            limits: Limits::default(),
        }))
    }

    /// Refuses claims for which these limits leave no room.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        Arc::make_mut(&mut self.0).limits = limits;
        self
    }

    /// A copy of the record of this generation, if it is still kept.
    pub fn get(&self, id: &str) -> Option<Record> {
        self.0.recent.with(&id.parse().ok()?, Record::clone)
    }

    /// A copy of all kept records, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.0.recent.records()
    }

    /// The sums of all records, with those no longer kept.
    pub fn totals(&self) -> Totals {
        self.0.recent.totals()
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
        Books::of(self.0.recent.clone(), self.0.limits.clone())
    }
}

impl Ledger for MemoryLedger {
    type Slot = MemorySlot;

    fn limits(&self) -> Option<&Limits> {
        Some(&self.0.limits)
    }

    fn poll_slot(&mut self, _: &mut Context<'_>) -> Poll<Result<MemorySlot, BoxError>> {
        Poll::Ready(Ok(MemorySlot {
            ledger: self.clone(),
            held: Money::ZERO,
            limited: None,
        }))
    }
}

// === impl MemorySlot ===

impl Slot for MemorySlot {
    fn hold(&mut self, claim: &Claim) -> Result<Held, Error> {
        // What an earlier claim has taken is given back first.
        self.limited = None;
        let limited = Limited::take(&self.ledger.0.limits, claim)?;
        self.limited = Some((limited, claim.now()));
        let before = std::mem::replace(&mut self.held, claim.amount);
        self.ledger.0.recent.claim(claim.amount, before);
        Ok(Held::Now)
    }

    fn available(&self, claim: &Claim) -> Option<Money> {
        Limited::available(&self.ledger.0.limits, claim)
    }

    fn tells_apart(&self) -> bool {
        self.ledger.0.limits.tells_apart()
    }

    fn write(&mut self, record: Record) {
        let held = std::mem::take(&mut self.held);
        if let Some((mut limited, began)) = self.limited.take() {
            // There are no books.
            drop(limited.settle(&record, began));
        }
        self.ledger.0.recent.push(&mut Some(record), held);
    }
}

impl Drop for MemorySlot {
    fn drop(&mut self) {
        self.ledger.0.recent.claim(Money::ZERO, self.held);
    }
}
