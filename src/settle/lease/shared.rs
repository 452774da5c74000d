//! A counter that several replicas share. Pure.

use std::time::{Duration, SystemTime};

use super::ask::{Ask, Drawn, Grant, Lapsed};
use super::lessor::Replica;

/// A counter that several replicas share: all that was granted, and what was spent before, never exceeds the limit.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use switchtower::settle::lease::{Ask, Replica, Shared};
///
/// let one = Replica { name: "one".to_owned(), life: 1 };
/// let ask = Ask {
///     counter: "account acme".to_owned(), limit: 100, opening: 60, turn: 1, charged: 0, held: 0, unrecorded: 0,
///     target: 50, need: 10, reserve: 5, term: Duration::from_secs(30), skew: Duration::from_secs(10),
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
    /// What it has charged.
    pub charged: u64,
    /// What it has claimed.
    pub held: u64,
    /// What it has ever spent before it was recorded, as far as it has told.
    pub unrecorded: u64,
    /// What it has said last.
    pub turn: u64,
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
        let granted = self.leases.iter().map(|lease| u128::from(lease.granted));
        let taken = u128::from(self.opening) + granted.sum::<u128>();
        u64::try_from(u128::from(limit).saturating_sub(taken)).unwrap_or(u64::MAX)
    }

    /// Grants what there is of what is asked, at most; nothing more where that would be less than is needed.
    ///
    /// # Errors
    ///
    /// [`Lapsed`] where it was said before something that is known already.
    pub fn ask(&mut self, replica: &Replica, ask: &Ask, now: SystemTime) -> Result<Grant, Lapsed> {
        let place = self.place(replica, now);
        let drawn = Drawn {
            counter: ask.counter.clone(),
            replica: replica.clone(),
            turn: ask.turn,
            charged: ask.charged,
            held: ask.held,
            unrecorded: ask.unrecorded,
        };
        if ask.turn <= self.leases[place].turn {
            return Err(Lapsed);
        }
        let covered = self.leases[place].draw(&drawn).is_ok();
        if !covered {
            // What was spent was spent, and is told once.
            self.leases[place].catch_up(ask.unrecorded);
        }
        let mine = self.leases[place].clone();
        let wanted = ask.target.saturating_sub(mine.granted);
        if wanted > self.left(ask.limit) {
            self.reclaim(replica, ask.skew, now);
        }
        let left = self.left(ask.limit);
        let more = if mine.granted.saturating_add(left) < ask.need {
            0
        } else {
            wanted.min(left)
        };
        let recorded = mine.drawn();
        let granted = if ask.target < mine.granted {
            let kept = mine.reserve.min(ask.reserve);
            ask.target
                .max(recorded.saturating_add(kept))
                .min(mine.granted)
        } else {
            mine.granted + more
        };
        let short = ask.need > granted;
        let lease = &mut self.leases[place];
        lease.granted = granted;
        lease.reserve = ask.reserve.min(granted - recorded);
        if !covered && lease.draw(&drawn).is_err() {
            // It is recorded when there is more.
            lease.turn = drawn.turn;
        }
        lease.expires = now + ask.term;
        // Whoever is short says so to the others, until somebody is not.
        let told = self.wanted;
        self.wanted = short || (told && more == 0);
        Ok(Grant {
            granted,
            reserve: self.leases[place].reserve,
            left: self.left(ask.limit),
            wanted: told && !short,
        })
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
                charged: 0,
                held: 0,
                unrecorded: 0,
                turn: 0,
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
        self.charged.saturating_add(self.held)
    }

    /// Records what was drawn, before it is spent; of what was spent before, so much of the reserve is used. What is no more
    /// than before is recorded in any case.
    ///
    /// # Errors
    ///
    /// [`Lapsed`] where it is more than there is, without the reserve.
    pub fn draw(&mut self, drawn: &Drawn) -> Result<(), Lapsed> {
        if drawn.turn <= self.turn {
            // It was told already.
            return Ok(());
        }
        let total = drawn.charged.saturating_add(drawn.held);
        let used = self.used(drawn.unrecorded);
        let covered = self.granted.saturating_sub(self.reserve - used);
        if total > covered && total > self.drawn() {
            return Err(Lapsed);
        }
        (self.charged, self.held, self.turn) = (drawn.charged, drawn.held, drawn.turn);
        self.reserve -= used;
        self.unrecorded = self.unrecorded.max(drawn.unrecorded);
        Ok(())
    }

    /// What was spent of the reserve is held, until the totals tell more of it.
    fn catch_up(&mut self, unrecorded: u64) {
        let used = self.used(unrecorded);
        self.reserve -= used;
        self.held = self.held.saturating_add(used);
        self.unrecorded = self.unrecorded.max(unrecorded);
    }

    /// How much more of the reserve is used than was known.
    fn used(&self, unrecorded: u64) -> u64 {
        unrecorded.saturating_sub(self.unrecorded).min(self.reserve)
    }

    /// Takes back what is free. What is recorded stays, and so does what may have been spent without a record.
    pub fn reclaim(&mut self) {
        self.granted = self.granted.min(self.drawn().saturating_add(self.reserve));
    }

    /// Its replica has ended: what it holds was spent, for all that is known, and its reserve was not.
    pub fn release(&mut self) {
        self.charged = self.drawn();
        (self.held, self.reserve, self.granted) = (0, 0, self.charged);
    }
}
