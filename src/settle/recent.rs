//! The newest records and the sums of all, shared.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cost::Certainty;
use super::newest::Newest;
use super::record::Record;
use crate::generation::GenerationId;
use crate::money::Money;

/// The newest records and the sums of all. Shared by all clones; gone with the process.
#[derive(Clone, Debug)]
pub(super) struct Recent(Arc<Mutex<Kept>>);

/// The sums of all records that a ledger has ever taken: [`Books::totals`](super::Books::totals).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records written.
    pub records: u64,
    /// What callers pay, in picodollars.
    pub charged: i128,
    /// Requests of which nobody knows what is to be paid.
    pub charge_unknown: u64,
    /// What providers bill the operator by the usage that they reported, in picodollars.
    pub cost_exact: i128,
    /// What providers bill the operator by our estimate, in picodollars.
    pub cost_estimated: i128,
    /// Attempts whose cost nobody knows.
    pub cost_unknown: u64,
    /// Claims of requests that are under way, in picodollars.
    pub held: i128,
}

#[derive(Debug)]
struct Kept {
    newest: Newest,
    totals: Totals,
}

// === impl Recent ===

impl Recent {
    pub(super) fn new(capacity: usize) -> Self {
        Self(Arc::new(Mutex::new(Kept {
            newest: Newest::new(capacity),
            totals: Totals::default(),
        })))
    }

    /// Looks at the record of this name. Nobody else can meanwhile.
    pub(super) fn with<T>(&self, id: &GenerationId, look: impl FnOnce(&Record) -> T) -> Option<T> {
        self.kept().newest.find(id).map(look)
    }

    /// A copy of all of them, oldest first.
    pub(super) fn records(&self) -> Vec<Record> {
        self.kept().newest.iter().cloned().collect()
    }

    pub(super) fn totals(&self) -> Totals {
        self.kept().totals
    }

    /// This claim takes the place of that one.
    pub(super) fn claim(&self, amount: Money, before: Money) {
        if amount != before {
            let change = i128::from(amount.picodollars()) - i128::from(before.picodollars());
            self.kept().totals.held += change;
        }
    }

    /// Takes the record of what was claimed so, and leaves the one that makes place for it: what that has elsewhere is freed
    /// when others can go on.
    pub(super) fn push(&self, record: &mut Option<Record>, held: Money) {
        let mut kept = self.kept();
        kept.totals.held -= i128::from(held.picodollars());
        record.iter().for_each(|record| kept.totals.add(record));
        kept.newest.push(record);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        for attempt in record.attempts.iter().filter(|it| !it.byok) {
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
