//! All leases of a process. Pure.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::ask::{Ask, Drawn, Grant, Spent};
use super::lessor::Replica;
use super::local::{Lease, Limit, Want};
use super::settings::LeaseSettings;

/// All leases of a process: what is to be asked for, and what has come of it. Whoever has it asks a [`Lessor`](super::Lessor),
/// and need not wait: what there is may be spent meanwhile, but for what might be given back.
///
/// What it is told of a counter, what is charged and what is held, are the totals of the process's own counters, which let
/// through what the [ceiling](Self::ceiling) allows.
///
/// ```text
/// a claim ─▶ its own counter: charged + held ≤ ceiling ─ no ─▶ ask, and wait
///               └ yes ─▶ draw ─▶ commit, with the hold ─▶ recorded ─▶ the upstream is asked
///                                  ├ Lapsed ─▶ lapsed, and asked anew; else the claim is refused
///                                  └ Away ──▶ spend_unrecorded ─ yes ─▶ the upstream is asked
/// ```
///
/// ```
/// use std::time::Instant;
/// use switchtower::settle::lease::{Keeper, LeaseSettings, Lessor, Limit, Spent, Want, Wanting};
/// use switchtower::settle::store::StoreError;
///
/// # fn keep(lessor: &dyn Lessor) -> Result<(), StoreError> {
/// let replica = lessor.enlist("gateway-0")?;
/// let (mut keeper, now) = (Keeper::new(replica.clone(), LeaseSettings::default()), Instant::now());
/// let wanting = Wanting {
///     counter: "credit acme",
///     spent: Spent::default(),
///     want: Want::More { least: 500, all: 500 },
///     limit: Limit { amount: 1_000_000, ends: None },
/// };
/// let mut ask = keeper.ask(wanting, now).unwrap();
/// ask.opening = keeper.is_unread("credit acme").then_some(0);
/// let grant = lessor.ask(&replica, &[ask.clone()])?.remove(0);
/// keeper.granted(&ask, grant, now);
/// assert!(keeper.ceiling("credit acme", now) >= 500);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Keeper {
    replica: Replica,
    settings: LeaseSettings,
    leases: HashMap<String, Lease>,
    /// Of which the books have still to be told.
    unread: HashSet<String>,
    /// No lease that was forgotten has said anything later.
    turn: u64,
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

// === impl Keeper ===

impl Keeper {
    /// Of this life of a name, which has nothing yet.
    #[must_use]
    pub fn new(replica: Replica, settings: LeaseSettings) -> Self {
        Self {
            replica,
            settings,
            leases: HashMap::new(),
            unread: HashSet::new(),
            turn: 0,
        }
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

    /// Is nothing leased of this counter but what was charged, and all of that known?
    #[must_use]
    pub fn has_nothing(&self, counter: &str, spent: Spent) -> bool {
        let lease = self.leases.get(counter);
        lease.is_none_or(|lease| lease.has_nothing(spent))
    }

    /// What is to be asked; none where there would be [too many](LeaseSettings::counters) leases. One that waits for an answer
    /// is not asked for again.
    pub fn ask(&mut self, wanting: Wanting<'_>, now: Instant) -> Option<Ask> {
        let counter = wanting.counter;
        if !self.leases.contains_key(counter) {
            if self.leases.len() >= self.settings.counters {
                return None;
            }
            self.unread.insert(counter.to_owned());
            let lease = Lease::new(counter.to_owned(), self.settings).after(self.turn);
            self.leases.insert(counter.to_owned(), lease);
        }
        let lease = self.leases.get_mut(counter)?;
        Some(lease.ask(wanting.spent, wanting.want, wanting.limit, now))
    }

    /// Is there still to be told what the books say of this counter? Should it not be heard, it is said once more.
    #[must_use]
    pub fn is_unread(&self, counter: &str) -> bool {
        self.unread.contains(counter)
    }

    /// This is the answer to what was asked then; none: nobody knew the counter.
    pub fn granted(&mut self, ask: &Ask, grant: Option<Grant>, asked: Instant) {
        let Some(lease) = self.leases.get_mut(&ask.counter) else {
            return;
        };
        match grant {
            Some(grant) => {
                lease.granted(ask, grant, asked);
                self.unread.remove(&ask.counter);
            }
            None => self.look_anew(&ask.counter),
        }
    }

    /// That was not asked after all, for sure.
    pub fn unasked(&mut self, counter: &str) {
        if let Some(lease) = self.leases.get_mut(counter) {
            lease.unasked();
        }
    }

    /// What is to be committed with the holds that it is for: [`Entry::Drawn`](crate::settle::store::Entry).
    pub fn draw(&mut self, counter: &str, spent: Spent) -> Option<Drawn> {
        let lease = self.leases.get_mut(counter)?;
        Some(lease.draw(spent, &self.replica))
    }

    /// Likewise with rows alone, once its lease [has lapsed](Self::lapsed).
    pub fn settle(&mut self, counter: &str, spent: Spent) -> Option<Drawn> {
        let is_settled = true;
        let drawn = self.draw(counter, spent)?;
        Some(Drawn {
            is_settled,
            ..drawn
        })
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

    /// Somebody else has too little of this counter: it is due.
    pub fn wanted(&mut self, counter: &str) {
        if let Some(lease) = self.leases.get_mut(counter) {
            lease.wanted();
        }
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

    /// How many leases there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.leases.len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    /// The window of this counter is over, or [nothing is leased](Self::has_nothing) of it.
    pub fn forget(&mut self, counter: &str) {
        if let Some(lease) = self.leases.remove(counter) {
            self.turn = self.turn.max(lease.turn());
        }
        self.unread.remove(counter);
    }

    /// Was something spent without a record, and is not told yet? Then the parts of this life should stay as they are, as those
    /// of a process that was killed, until they are [released](super::Lessor::release).
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.leases.values().any(Lease::is_untold)
    }
}
