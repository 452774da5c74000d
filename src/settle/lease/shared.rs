//! A counter that several replicas share. Pure.

use std::time::{Duration, SystemTime};

use super::ask::{Ask, Drawn, Grant, Lapsed, Spent, Told};
use super::lessor::Replica;

/// A counter that several replicas share: all that was granted, and what was spent before, never exceeds the limit.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use switchtower::settle::lease::{Ask, Replica, Shared, Told};
///
/// let one = Replica { name: "one".to_owned(), life: 1 };
/// let ask = Ask {
///     counter: "account acme".to_owned(), ends: None, limit: 100, opening: Some(60), told: Told { turn: 1, ..Told::default() },
///     target: 50, need: 10, keep: 0, reserve: 5, covered: 0, term: Duration::from_secs(30), skew: Duration::from_secs(10),
/// };
/// let mut counter = Shared::new(60);
/// let grant = counter.ask(&one, &ask, UNIX_EPOCH)?;
/// assert_eq!((grant.granted, grant.reserve, grant.left), (40, 5, 0));
/// # Ok::<(), switchtower::settle::lease::Lapsed>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// What was spent before anybody leased.
    pub opening: u64,
    /// Was there too little for somebody?
    pub wanted: bool,
    /// Who has a part.
    pub leases: Vec<Leased>,
}

/// The part of a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// Whose.
    pub replica: Replica,
    /// All that it was granted; whatever it spends is a part of this.
    pub granted: u64,
    /// Of it, what may be spent without a record.
    pub reserve: u64,
    /// What it has said last.
    pub told: Told,
    /// When it ends, on the clock of whoever keeps this.
    pub expires: SystemTime,
}

// === impl Shared ===

impl Shared {
    /// Of which so much was spent before.
    #[must_use]
    pub fn new(opening: u64) -> Self {
        Self {
            opening,
            wanted: false,
            leases: Vec::new(),
        }
    }

    /// What nobody has leased, or spent.
    #[must_use]
    pub fn left(&self, limit: u64) -> u64 {
        clip(u128::from(limit).saturating_sub(self.taken()))
    }

    fn taken(&self) -> u128 {
        let granted = self.leases.iter().map(|lease| u128::from(lease.granted));
        u128::from(self.opening) + granted.sum::<u128>()
    }

    /// Grants what there is of what is asked, at most; nothing more where that would be less than is needed. Where the limit
    /// is lower than it was, what is free is taken back.
    ///
    /// # Errors
    ///
    /// [`Lapsed`] where a later ask is known already.
    pub fn ask(&mut self, replica: &Replica, ask: &Ask, now: SystemTime) -> Result<Grant, Lapsed> {
        let place = self.place(replica, now);
        let lease = &mut self.leases[place];
        if ask.told.is_behind(&lease.told) {
            return Err(Lapsed);
        }
        // What was drawn since is known already, or nothing was.
        let covered = lease.draw(&ask.told).is_ok();
        if !covered {
            // What was spent was spent, and is told once.
            lease.catch_up(&ask.told);
        }
        self.find(ask.opening.unwrap_or_default());
        let lease = &self.leases[place];
        let before = lease.granted;
        if ask.target.saturating_sub(before) > self.left(ask.limit) {
            self.reclaim(replica, ask.skew, now);
        }
        let left = self.left(ask.limit);
        let reach = before.saturating_add(left);
        let short = reach < ask.need;
        let target = match short {
            true => before.min(ask.keep),
            false => ask.target.min(reach),
        };
        let excess = clip(self.taken().saturating_sub(ask.limit.into()));
        let target = match excess {
            0 => target,
            _ => target.min(before.saturating_sub(excess)),
        };
        let lease = &mut self.leases[place];
        lease.grant(target, ask, short);
        if !covered && lease.draw(&ask.told).is_err() {
            // It is recorded when there is more.
            lease.told.turn = ask.told.turn;
        }
        lease.expires = now + ask.term;
        let lease = self.leases[place].clone();
        // Whoever is short says so to the others, until somebody is not.
        let told = self.wanted;
        let more = lease.granted > before;
        self.wanted = short || excess > 0 || (told && !more);
        let mut grant = Grant {
            granted: lease.granted,
            reserve: lease.reserve,
            left: self.left(ask.limit),
            wanted: told && !short,
            charged: self.opening,
            held: 0,
        };
        self.others(place, now, &mut grant);
        Ok(grant)
    }

    /// So much is in the books, and charged by whoever asks. What is charged is told with its row at the latest, so that what is
    /// more was spent by whom it did not count for: before there was a counter, or before a replica had heard of the limit.
    fn find(&mut self, books: u64) {
        let charged = self.leases.iter();
        let charged = charged.map(|lease| u128::from(lease.told.spent.charged));
        let known = u128::from(self.opening) + charged.sum::<u128>();
        let missing = clip(u128::from(books).saturating_sub(known));
        self.opening = self.opening.saturating_add(missing);
    }

    /// What others have.
    fn others(&self, place: usize, now: SystemTime, grant: &mut Grant) {
        let add = |to: &mut u64, amount: u64| *to = to.saturating_add(amount);
        let others = self.leases.iter().enumerate();
        for (_, lease) in others.filter(|(other, _)| *other != place) {
            add(&mut grant.charged, lease.told.spent.charged);
            add(&mut grant.held, lease.told.spent.held);
            // Who is gone gives nothing back, and nobody knows what it has spent.
            let gone = if lease.expires <= now {
                lease.reserve
            } else {
                0
            };
            add(&mut grant.held, gone);
        }
    }

    /// This life is over, and has not spent its reserve: what it held counts as spent, for all that is known.
    pub fn release(&mut self, replica: &Replica) {
        self.leases.retain(|lease| {
            let stays = lease.replica != *replica;
            if !stays {
                self.opening = self.opening.saturating_add(lease.drawn());
            }
            stays
        });
    }

    /// Takes back what is free of leases that are over.
    fn reclaim(&mut self, but: &Replica, skew: Duration, now: SystemTime) {
        for lease in &mut self.leases {
            let over = lease.expires.checked_add(skew);
            if lease.replica != *but && over.is_some_and(|over| over <= now) {
                lease.reclaim();
            }
        }
    }

    fn place(&mut self, replica: &Replica, now: SystemTime) -> usize {
        let known = self
            .leases
            .iter()
            .position(|lease| lease.replica == *replica);
        known.unwrap_or_else(|| {
            self.leases.push(Leased {
                replica: replica.clone(),
                granted: 0,
                reserve: 0,
                told: Told::default(),
                expires: now,
            });
            self.leases.len() - 1
        })
    }
}

// === impl Leased ===

impl Leased {
    /// What it has charged and claimed.
    #[must_use]
    pub fn drawn(&self) -> u64 {
        self.told.spent.drawn()
    }

    /// Records what was drawn, before it is spent; of what was spent before, so much of the reserve is used. What is no more
    /// than before is recorded in any case, and so is what was charged beyond what was held.
    ///
    /// # Errors
    ///
    /// [`Lapsed`] where it is more than there is, without the reserve.
    pub fn draw(&mut self, told: &Told) -> Result<(), Lapsed> {
        if told.turn <= self.told.turn {
            // It was told already.
            return Ok(());
        }
        let (used, over) = (self.used(told), self.over(told));
        let covered = self.granted.saturating_sub(self.reserve - used);
        let total = told.spent.drawn().saturating_sub(over);
        if total > covered && total > self.drawn() {
            return Err(Lapsed);
        }
        self.granted = self.granted.saturating_add(over);
        self.reserve -= used;
        let unrecorded = self.told.unrecorded.max(told.unrecorded);
        self.told = Told {
            unrecorded,
            ..*told
        };
        Ok(())
    }

    /// Records this: see [`Drawn::is_settled`].
    ///
    /// # Errors
    ///
    /// [`Lapsed`] where it is not, and is more than there is.
    pub fn record(&mut self, drawn: &Drawn) -> Result<(), Lapsed> {
        if drawn.is_settled && drawn.told.turn > self.told.turn {
            self.catch_up(&drawn.told);
            self.told.turn = drawn.told.turn;
        }
        self.draw(&drawn.told)
    }

    /// What is known to be spent of what is not covered: what was recorded, what was spent of the reserve, and all that was
    /// charged. The rest is told again when there is more.
    fn catch_up(&mut self, told: &Told) {
        let (used, over) = (self.used(told), self.over(told));
        let known = self.drawn().saturating_add(used).saturating_add(over);
        let charged = told.spent.charged;
        self.granted = self.granted.saturating_add(over);
        self.reserve -= used;
        // Whoever was under way when the rule came, or when this was taken back, has spent it without a grant.
        let taken = known.max(charged).saturating_add(self.reserve);
        self.granted = self.granted.max(taken);
        self.told.spent = Spent {
            charged,
            held: known.saturating_sub(charged),
            over: told.spent.over.max(self.told.spent.over),
        };
        self.told.unrecorded = self.told.unrecorded.max(told.unrecorded);
    }

    /// How much more of the reserve is used than was known.
    fn used(&self, told: &Told) -> u64 {
        let more = told.unrecorded.saturating_sub(self.told.unrecorded);
        more.min(self.reserve)
    }

    /// How much more was charged than held, than was known.
    fn over(&self, told: &Told) -> u64 {
        told.spent.over.saturating_sub(self.told.spent.over)
    }

    /// From now on it is so much; but what is drawn, and what may be spent of the reserve until this is heard, stays.
    fn grant(&mut self, target: u64, ask: &Ask, short: bool) {
        let drawn = self.drawn();
        let kept = self.reserve.min(ask.reserve);
        if target < self.granted {
            let least = drawn.saturating_add(kept);
            self.granted = target.max(least).min(self.granted);
        } else {
            self.granted = target;
        }
        let free = self.granted.saturating_sub(drawn);
        // What is needed at once is not for the reserve.
        let spare = match short {
            true => free,
            false => self.granted.saturating_sub(ask.need.max(drawn)),
        };
        let uncovered = self.granted.saturating_sub(ask.covered);
        let reserve = ask.reserve.min(spare).min(uncovered);
        self.reserve = reserve.max(kept).min(free);
    }

    /// Takes back what is free. What is recorded stays, and so does what may have been spent without a record.
    pub fn reclaim(&mut self) {
        self.granted = self.granted.min(self.drawn().saturating_add(self.reserve));
    }
}

fn clip(amount: u128) -> u64 {
    u64::try_from(amount).unwrap_or(u64::MAX)
}
