//! All leases of a process.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::ask::{Drawn, Grant, Spent};
use super::lessor::{Lessor, Replica};
use super::local::{Lease, Limit, Want};
use super::settings::LeaseSettings;
use crate::settle::store::StoreError;

/// All leases of a process. It belongs to the one thread that writes, and blocks as its [`Lessor`] does.
///
/// What it is told of a counter, what is charged and what is held, are the totals of the process's own counters, which let
/// through what the [ceiling](Self::ceiling) allows, and ask here for more. As long as it asks, they let through nothing.
///
/// ```text
/// a claim ─▶ its own counter: charged + held ≤ ceiling ─ no ─▶ ask, then once more
///               └ yes ─▶ draw ─▶ commit, with the hold ─▶ recorded ─▶ the upstream is asked
///                                  ├ Lapsed ─▶ lapsed, and asked anew; else the claim is refused
///                                  └ Away ──▶ spend_unrecorded ─ yes ─▶ the upstream is asked
/// ```
///
/// ```
/// use std::{sync::Arc, time::Instant};
/// use switchtower::settle::lease::{Keeper, LeaseSettings, Lessor, Limit, Spent, Want, Wanting};
/// use switchtower::settle::store::StoreError;
///
/// # fn keep(lessor: Arc<dyn Lessor>) -> Result<(), StoreError> {
/// let mut keeper = Keeper::open(lessor, "gateway-0", LeaseSettings::default())?;
/// let wanting = Wanting {
///     counter: "credit acme",
///     spent: Spent::default(),
///     want: Want::More { least: 500, all: 500 },
///     limit: Limit { amount: 1_000_000, ends: None },
/// };
/// keeper.ask(&[wanting], |_| Ok(0), Instant::now())?;
/// assert!(keeper.ceiling("credit acme", Instant::now()) >= 500);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Keeper {
    lessor: Arc<dyn Lessor>,
    replica: Replica,
    settings: LeaseSettings,
    leases: HashMap<String, Lease>,
    /// Of which the books have still to be told.
    unread: HashSet<String>,
}

/// What is to be asked of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanting<'a> {
    /// The counter.
    pub counter: &'a str,
    /// What this process has spent of it.
    pub spent: Spent,
    /// What it wants.
    pub want: Want,
    /// Of how much it is.
    pub limit: Limit,
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
            unread: HashSet::new(),
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
        let lease = self.leases.get(counter);
        lease.map_or(0, |lease| lease.ceiling(now))
    }

    /// Has the lease on this counter expired, if there was one?
    #[must_use]
    pub fn is_over(&self, counter: &str, now: Instant) -> bool {
        let lease = self.leases.get(counter);
        lease.is_some_and(|lease| lease.is_over(now))
    }

    /// Should this counter be asked for anew?
    #[must_use]
    pub fn is_due(&self, counter: &str, spent: Spent, limit: u64, now: Instant) -> bool {
        let lease = self.leases.get(counter);
        lease.is_some_and(|lease| lease.is_due(spent, limit, now))
    }

    /// Asks for all of these at once, each of another counter. What the books say was spent of a counter is told by `opening`,
    /// the first time that it is asked for.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what there is may be spent all the same, but for what might have been given back.
    /// [`Full`](StoreError::Full) if there are 100,000 leases.
    pub fn ask(
        &mut self,
        all: &[Wanting<'_>],
        mut opening: impl FnMut(&str) -> Result<u64, StoreError>,
        now: Instant,
    ) -> Result<Vec<Grant>, StoreError> {
        let mut asks = Vec::with_capacity(all.len());
        for wanting in all {
            let is_new = !self.leases.contains_key(wanting.counter);
            let lease = self.lease(wanting.counter)?;
            let mut ask = lease.ask(wanting.spent, wanting.want, wanting.limit, now);
            if is_new || self.unread.contains(wanting.counter) {
                // Should it not be heard, it is said once more.
                self.unread.insert(wanting.counter.to_owned());
                ask.opening = Some(opening(wanting.counter)?);
            }
            asks.push(ask);
        }
        let mut granted = self.lessor.ask(&self.replica, &asks)?;
        if granted.iter().any(Option::is_none) {
            // Somebody has forgotten them.
            for (ask, grant) in asks.iter_mut().zip(&granted) {
                if grant.is_none() {
                    ask.opening = Some(opening(&ask.counter)?);
                }
                // The answer of before may have been lost for all that is known here.
                let lease = self.leases.get_mut(&ask.counter);
                lease.into_iter().for_each(|lease| lease.again(ask));
            }
            granted = self.lessor.ask(&self.replica, &asks)?;
        }
        let mut grants = Vec::with_capacity(all.len());
        for (ask, grant) in asks.iter().zip(granted) {
            let forgotten = || StoreError::Lapsed(ask.counter.clone());
            let grant = grant.ok_or_else(forgotten)?;
            if let Some(lease) = self.leases.get_mut(&ask.counter) {
                // Counted from before it was asked.
                lease.granted(ask, grant, now);
            }
            self.unread.remove(&ask.counter);
            grants.push(grant);
        }
        Ok(grants)
    }

    fn lease(&mut self, counter: &str) -> Result<&mut Lease, StoreError> {
        if self.leases.len() >= MOST && !self.leases.contains_key(counter) {
            return Err(StoreError::Full(format!("there are {MOST} leases").into()));
        }
        let lease = self.leases.entry(counter.to_owned());
        Ok(lease.or_insert_with(|| Lease::new(counter.to_owned(), self.settings)))
    }

    /// What is to be committed with the holds that it is for: [`Entry::Drawn`](crate::settle::store::Entry).
    pub fn draw(&mut self, counter: &str, spent: Spent) -> Option<Drawn> {
        let lease = self.leases.get_mut(counter)?;
        Some(lease.draw(spent, &self.replica))
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

    /// Hears for which counters somebody else has too little: those are due.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn hear(&mut self) -> Result<(), StoreError> {
        for counter in self.lessor.wanted(&self.replica)? {
            if let Some(lease) = self.leases.get_mut(&counter) {
                lease.wanted();
            }
        }
        Ok(())
    }

    /// May so much of each of these counters be spent without a record, since the database is away? Of all of them, or of
    /// none.
    pub fn spend_unrecorded(&mut self, counters: &[&str], amount: u64, now: Instant) -> bool {
        let may = |counter: &&str| {
            let lease = self.leases.get(*counter);
            lease.is_some_and(|lease| lease.clone().spend_unrecorded(amount, now))
        };
        let may = counters.iter().all(may);
        for counter in counters.iter().filter(|_| may) {
            if let Some(lease) = self.leases.get_mut(*counter) {
                lease.spend_unrecorded(amount, now);
            }
        }
        may
    }

    /// What the books say of this counter is told once more: there may be what this process has not counted.
    pub fn look_anew(&mut self, counter: &str) {
        if self.leases.contains_key(counter) {
            self.unread.insert(counter.to_owned());
        }
    }

    /// The window of this counter is over.
    pub fn forget(&mut self, counter: &str) {
        self.leases.remove(counter);
        self.unread.remove(counter);
    }

    /// This life is over, and spends nothing more. Unless something was spent without a record: then its parts stay as they
    /// are, as those of a process that was killed, until they are [released](Lessor::release).
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn close(self) -> Result<(), StoreError> {
        if self.leases.values().any(Lease::is_untold) {
            return Ok(());
        }
        self.lessor.release(&self.replica).map(drop)
    }
}
