//! All leases of a process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::ask::Drawn;
use super::lessor::{Lessor, Replica};
use super::local::Lease;
use super::settings::LeaseSettings;
use crate::settle::store::StoreError;

/// All leases of a process. It belongs to the one thread that writes, and blocks as its [`Lessor`] does.
///
/// What it knows of `counted`, what is charged and what is held of a counter, are the totals of the process's own counters,
/// which let through what the [ceiling](Self::ceiling) allows, and ask here for more.
///
/// ```text
/// a claim ─▶ its own counter: charged + held ≤ ceiling ─ no ─▶ ask, then once more
///               └ yes ─▶ draw ─▶ commit, with the hold ─▶ recorded ─▶ the upstream is asked
///                                  ├ Lapsed ─▶ lapsed, and the claim is refused
///                                  └ Away ──▶ spend_unrecorded ─ yes ─▶ the upstream is asked
/// ```
///
/// ```
/// use std::{sync::Arc, time::Instant};
/// use switchtower::settle::lease::{Keeper, LeaseSettings, Lessor};
/// use switchtower::settle::store::StoreError;
///
/// # fn keep(lessor: Arc<dyn Lessor>) -> Result<(), StoreError> {
/// let mut keeper = Keeper::open(lessor, "gateway-0", LeaseSettings::default())?;
/// let ceiling = keeper.ask("credit acme", (1_000_000, 0), (0, 0), 500, Instant::now())?;
/// assert!(ceiling >= 500);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Keeper {
    lessor: Arc<dyn Lessor>,
    replica: Replica,
    settings: LeaseSettings,
    leases: HashMap<String, Lease>,
}

/// So many leases at the most.
const MOST: usize = 100_000;

// === impl Keeper ===

impl Keeper {
    /// Begins a life of this name, which ends that of whoever has it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn open(
        lessor: Arc<dyn Lessor>,
        name: &str,
        settings: LeaseSettings,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            replica: lessor.enlist(name)?,
            lessor,
            settings,
            leases: HashMap::new(),
        })
    }

    /// Who this is.
    #[must_use]
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// How much may be charged and held of this counter, all together.
    #[must_use]
    pub fn ceiling(&self, counter: &str, now: Instant) -> u64 {
        self.leases
            .get(counter)
            .map_or(0, |lease| lease.ceiling(now))
    }

    /// Should this counter be asked for anew?
    #[must_use]
    pub fn is_due(&self, counter: &str, counted: (u64, u64), now: Instant) -> bool {
        self.leases
            .get(counter)
            .is_some_and(|lease| lease.is_due(counted, now))
    }

    /// Asks for so much more than is counted, and returns the ceiling. The limit comes with what was spent of it before
    /// anybody leased.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what there is may be spent all the same. [`Full`](StoreError::Full) if there are 100,000 leases.
    pub fn ask(
        &mut self,
        counter: &str,
        (limit, opening): (u64, u64),
        counted: (u64, u64),
        more: u64,
        now: Instant,
    ) -> Result<u64, StoreError> {
        if !self.leases.contains_key(counter) {
            if self.leases.len() >= MOST {
                return Err(StoreError::Full(format!("there are {MOST} leases").into()));
            }
            let lease = Lease::new(counter.to_owned(), self.settings);
            self.leases.insert(counter.to_owned(), lease);
        }
        let Some(lease) = self.leases.get_mut(counter) else {
            return Ok(0);
        };
        let ask = lease.ask(counted, more, limit, opening, now);
        let grant = self.lessor.ask(&self.replica, &ask)?;
        // Counted from before it was asked.
        lease.granted(&ask, grant, now);
        Ok(lease.ceiling(now))
    }

    /// What is to be committed with the holds that it is for: [`Entry::Drawn`](crate::settle::store::Entry).
    pub fn draw(&mut self, counter: &str, counted: (u64, u64)) -> Option<Drawn> {
        let lease = self.leases.get_mut(counter)?;
        Some(lease.draw(counted, &self.replica))
    }

    /// That is committed.
    pub fn recorded(&mut self, drawn: &Drawn) {
        if let Some(lease) = self.leases.get_mut(&drawn.counter) {
            lease.recorded(drawn);
        }
    }

    /// The lease on this counter was taken back.
    pub fn lapsed(&mut self, counter: &str) {
        if let Some(lease) = self.leases.get_mut(counter) {
            lease.lapsed();
        }
    }

    /// May so much of each of these counters be spent without a record, since the database is away? Of all of them, or of
    /// none.
    pub fn spend_unrecorded(&mut self, parts: &[(&str, u64)], now: Instant) -> bool {
        let may = |(counter, amount): &(&str, u64)| {
            let lease = self.leases.get(*counter);
            lease.is_some_and(|lease| lease.clone().spend_unrecorded(*amount, now))
        };
        parts.iter().all(may)
            && parts.iter().all(|(counter, amount)| {
                let lease = self.leases.get_mut(*counter);
                lease.is_some_and(|lease| lease.spend_unrecorded(*amount, now))
            })
    }
}
