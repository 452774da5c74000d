//! A ledger in memory: the newest records, and the sums of all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use super::claim::{Claim, Held};
use super::cost::Certainty;
use super::ledger::{Ledger, Slot};
use super::newest::Newest;
use super::record::Record;
use crate::error::{BoxError, Error};
use crate::generation::GenerationId;
use crate::money::Money;

/// Keeps the newest records and the sums of all. Shared by all clones; gone with the process.
///
/// It always has room: the oldest record makes place for a new one, and stays in the sums. See the example in
/// the [module docs](super).
#[derive(Clone, Debug)]
pub struct MemoryLedger(Arc<Mutex<Books>>);

/// A place in a [`MemoryLedger`].
#[derive(Debug)]
pub struct MemorySlot {
    ledger: MemoryLedger,
    held: Money,
}

/// The sums of all records that a ledger has ever taken: [`MemoryLedger::totals`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records written.
    pub records: u64,
    /// What callers pay, in picodollars.
    pub charged: i128,
    /// Requests of which nobody knows what is to be paid.
    pub charge_unknown: u64,
    /// What providers bill by the usage that they reported, in picodollars.
    pub cost_exact: i128,
    /// What providers bill by our estimate, in picodollars.
    pub cost_estimated: i128,
    /// Attempts whose cost nobody knows.
    pub cost_unknown: u64,
    /// Claims of requests that are under way, in picodollars.
    pub held: i128,
}

#[derive(Debug)]
struct Books {
    newest: Newest,
    totals: Totals,
}

// === impl MemoryLedger ===

impl MemoryLedger {
    /// Keeps this many records.
    pub fn new(capacity: usize) -> Self {
        Self(Arc::new(Mutex::new(Books {
            newest: Newest::new(capacity),
            totals: Totals::default(),
        })))
    }

    /// A copy of the record of this generation, if it is still kept.
    pub fn get(&self, id: &str) -> Option<Record> {
        self.with(&id.parse().ok()?, Record::clone)
    }

    /// Looks at the record of this generation, without a copy. Nobody else can meanwhile.
    pub(crate) fn with<T>(&self, id: &GenerationId, look: impl FnOnce(&Record) -> T) -> Option<T> {
        self.books().newest.find(id).map(look)
    }

    /// A copy of all kept records, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.books().newest.iter().cloned().collect()
    }

    /// The sums of all records, with those no longer kept.
    pub fn totals(&self) -> Totals {
        self.books().totals
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryLedger {
    /// Keeps 10,000 records.
    fn default() -> Self {
        Self::new(10_000)
    }
}

impl Ledger for MemoryLedger {
    type Slot = MemorySlot;

    fn poll_slot(&mut self, _: &mut Context<'_>) -> Poll<Result<MemorySlot, BoxError>> {
        Poll::Ready(Ok(MemorySlot {
            ledger: self.clone(),
            held: Money::ZERO,
        }))
    }
}

// === impl MemorySlot ===

impl Slot for MemorySlot {
    fn hold(&mut self, claim: &Claim) -> Result<Held, Error> {
        let before = std::mem::replace(&mut self.held, claim.amount);
        let change = i128::from(claim.amount.picodollars()) - i128::from(before.picodollars());
        self.ledger.books().totals.held += change;
        Ok(Held::Now)
    }

    fn write(&mut self, record: Record) {
        let held = std::mem::take(&mut self.held);
        let mut books = self.ledger.books();
        books.totals.held -= i128::from(held.picodollars());
        books.totals.add(&record);
        let oldest = books.newest.push(record);
        // What it has elsewhere is freed when others can go on.
        drop(books);
        drop(oldest);
    }
}

impl Drop for MemorySlot {
    fn drop(&mut self) {
        if self.held != Money::default() {
            self.ledger.books().totals.held -= i128::from(self.held.picodollars());
        }
    }
}

// === impl Totals ===

impl Totals {
    fn add(&mut self, record: &Record) {
        self.records += 1;
        match record.charge {
            Some(charge) => self.charged += i128::from(charge.picodollars()),
            None => self.charge_unknown += 1,
        }
        for attempt in &record.attempts {
            let amount = attempt
                .cost
                .amount
                .map_or(0, |amount| amount.picodollars().into());
            match attempt.cost.certainty {
                Certainty::Exact => self.cost_exact += amount,
                Certainty::Estimated => self.cost_estimated += amount,
                Certainty::Unknown => self.cost_unknown += 1,
            }
        }
    }
}
