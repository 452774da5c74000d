//! What a replica knows of its lease. Pure.

use std::time::{Duration, Instant, SystemTime};

use super::ask::{Ask, Drawn, Grant, Spent, Told};
use super::lessor::Replica;
use super::settings::LeaseSettings;

/// What a replica knows of its lease on one counter, never more than is so.
///
/// What it has [`Spent`] is what the replica's own counter has of it, at most the [`ceiling`](Self::ceiling).
///
/// ```
/// use std::time::Instant;
/// use switchtower::settle::lease::{Lease, LeaseSettings, Limit, Replica, Shared, Spent, Want};
///
/// let replica = Replica { name: "one".to_owned(), life: 1 };
/// let (mut counter, now) = (Shared::new(0), Instant::now());
/// let mut lease = Lease::new("account acme".to_owned(), LeaseSettings::default());
/// assert_eq!(lease.ceiling(now), 0);
///
/// let limit = Limit { amount: 1_000, ends: None };
/// let ask = lease.ask(Spent::default(), Want::More { least: 10, all: 10 }, limit, now);
/// let grant = counter.ask(&replica, &ask, std::time::UNIX_EPOCH)?;
/// lease.granted(&ask, grant, now);
/// assert!(lease.ceiling(now) >= 10);
/// assert_eq!(lease.ceiling(now + std::time::Duration::from_secs(30)), 0);
/// # Ok::<(), switchtower::settle::lease::Lapsed>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lease {
    counter: String,
    settings: LeaseSettings,
    turn: u64,
    granted: u64,
    reserve: u64,
    /// What was ever spent before it was recorded, and how much of that was told since.
    unrecorded: u64,
    told: u64,
    /// Likewise of what was charged beyond what was held.
    over: u64,
    until: Option<Instant>,
    /// So much may be drawn, whether what is on its way has been heard or not.
    covered: u64,
    /// What it may have given back by what is asked.
    given: Given,
    /// Is something asked, or was it before, and nobody knows whether it was heard?
    pending: bool,
    left: u64,
    wanted: bool,
    limit: u64,
    /// What was spent by when, to know how fast it is, and since when it is that.
    measured: Option<(u64, Instant)>,
    moved: Option<(Spent, Instant)>,
    /// So much is spent in a term.
    pace: u64,
}

/// What may have been given back: of what was granted, of the reserve, and of what was covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Given {
    granted: u64,
    reserve: u64,
    covered: u64,
}

/// Of how much is a counter, as a replica knows it?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The limit.
    pub amount: u64,
    /// When its window ends; none: never.
    pub ends: Option<SystemTime>,
}

/// What does a replica want of a lease?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// That it goes on.
    Renewal,
    /// Room for claims that wait, and what will be spent in a term, as far as there is plenty.
    More {
        /// The smallest of them.
        least: u64,
        /// All together.
        all: u64,
    },
    /// Room for these and nothing else; where there is too little for the smallest, others may have what is free.
    Exactly {
        /// The smallest of them.
        least: u64,
        /// All together.
        all: u64,
    },
    /// Nothing: what is free is given back.
    Nothing,
}

// === impl Lease ===

impl Lease {
    /// On this counter, and nothing of it yet.
    #[must_use]
    pub fn new(counter: String, settings: LeaseSettings) -> Self {
        Self {
            counter,
            settings,
            turn: 0,
            granted: 0,
            reserve: 0,
            unrecorded: 0,
            told: 0,
            over: 0,
            until: None,
            covered: 0,
            given: Given::default(),
            pending: false,
            left: 0,
            wanted: false,
            limit: 0,
            measured: None,
            moved: None,
            pace: 0,
        }
    }

    /// Likewise, where another one of the same replica may have said something by this turn.
    #[must_use]
    pub fn after(mut self, turn: u64) -> Self {
        self.turn = turn;
        self
    }

    /// By which turn has it said something last?
    #[must_use]
    pub fn turn(&self) -> u64 {
        self.turn
    }

    /// The counter.
    #[must_use]
    pub fn counter(&self) -> &str {
        &self.counter
    }

    /// How much may be charged and held, all together: without the reserve, without what an ask on its way may change, and
    /// nothing more once it has expired.
    #[must_use]
    pub fn ceiling(&self, now: Instant) -> u64 {
        match self.is_over(now) {
            true => 0,
            false => self.covered,
        }
    }

    /// Has it expired?
    #[must_use]
    pub fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    /// May so much be spent without a record? It counts as spent then.
    pub fn spend_unrecorded(&mut self, amount: u64, now: Instant) -> bool {
        let untold = (self.unrecorded - self.told).saturating_add(amount);
        let may = !self.is_over(now) && untold <= self.reserve;
        if may {
            self.unrecorded = self.unrecorded.saturating_add(amount);
        }
        may
    }

    /// Was something spent without a record, and is not told yet?
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.unrecorded > self.told
    }

    /// Is nothing of it left but what was charged, and was nothing ever spent without a record? Then another one that begins
    /// [after](Self::after) it may take its place.
    #[must_use]
    pub fn has_nothing(&self, spent: Spent) -> bool {
        let nothing = self.granted <= spent.charged && self.given == Given::default();
        nothing && spent.held == 0 && self.unrecorded == 0
    }

    /// Somebody else has too little: what is free is given back the next time.
    pub fn wanted(&mut self) {
        self.wanted = true;
    }

    /// Should it be asked for anew? When two thirds of its term are over, or less than a quarter of it is left, when somebody
    /// else wants what is free of it, or the limit is lower.
    #[must_use]
    pub fn is_due(&self, spent: Spent, limit: u64, now: Instant) -> bool {
        let owned = self.granted.saturating_sub(spent.drawn());
        let free = owned.saturating_sub(self.reserve);
        let third = self.settings.term / 3;
        let aging = owned > 0 && self.until.is_none_or(|until| now + third >= until);
        let short =
            self.until.is_some() && self.left > 0 && free < self.pace.min(self.portion()) / 4;
        aging || short || (owned > 0 && (self.wanted || limit < self.limit))
    }

    /// Asks for what is spent, what is wanted, and as much reserve as the settings say.
    ///
    /// Until it is answered, nothing is spent of what it may give back.
    pub fn ask(&mut self, spent: Spent, want: Want, limit: Limit, now: Instant) -> Ask {
        self.measure(spent, now);
        let drawn = spent.drawn();
        let gives_all = self.wanted || (want == Want::Renewal && self.is_idle(spent, now));
        let (least, all, ahead) = match want {
            Want::Renewal if gives_all => (0, 0, 0),
            Want::Renewal => (0, 0, self.pace.min(self.plenty(limit.amount))),
            Want::More { least, all } if gives_all => (least, all, 0),
            Want::More { least, all } => {
                let ahead = self.pace.max(all.saturating_mul(3));
                (least, all, ahead.min(self.plenty(limit.amount)))
            }
            Want::Exactly { least, all } => (least, all, 0),
            Want::Nothing => (0, 0, 0),
        };
        let need = drawn.saturating_add(least);
        let target = drawn.saturating_add(all).saturating_add(ahead);
        let gives_all = gives_all || matches!(want, Want::Exactly { .. } | Want::Nothing);
        let (target, keep) = match gives_all {
            true => (target, drawn),
            false => (target.max(self.granted), self.granted),
        };
        let spare = target.saturating_sub(drawn.saturating_add(all));
        let reserve = match gives_all {
            true => 0,
            false => percent(spare, self.settings.reserve),
        };
        let before = (self.granted, self.reserve, self.covered);
        self.granted = self.granted.min(target).min(keep);
        // Nobody knows yet whether what was spent without a record is recorded by this.
        let untold = self.unrecorded - self.told;
        self.reserve = self.reserve.min(reserve.saturating_add(untold));
        let free = self.granted.saturating_sub(drawn);
        let room = reserve.min(percent(free, self.settings.reserve));
        let covered = self.granted.saturating_sub(self.reserve.max(room));
        self.covered = self.covered.min(covered);
        self.given = Given {
            granted: before.0 - self.granted,
            reserve: before.1 - self.reserve,
            covered: before.2 - self.covered,
        };
        self.pending = true;
        (self.limit, self.over) = (limit.amount, self.over.max(spent.over));
        Ask {
            counter: self.counter.clone(),
            ends: limit.ends,
            limit: limit.amount,
            opening: None,
            told: self.tell(Told::next_ask(self.turn), spent),
            target,
            need,
            keep,
            reserve,
            covered: self.covered,
            term: self.settings.term,
            skew: self.settings.skew,
        }
    }

    /// It was not asked after all, for sure: it is as it was before.
    pub fn unasked(&mut self) {
        let given = std::mem::take(&mut self.given);
        self.granted = self.granted.saturating_add(given.granted);
        self.reserve = self.reserve.saturating_add(given.reserve);
        self.covered = self.covered.saturating_add(given.covered);
    }

    /// This is the answer to what was asked then, whatever was drawn since.
    pub fn granted(&mut self, ask: &Ask, grant: Grant, asked: Instant) {
        self.granted = grant.granted;
        self.reserve = grant.reserve;
        self.covered = grant.granted.saturating_sub(grant.reserve);
        (self.given, self.pending) = (Given::default(), false);
        self.told = ask.told.unrecorded;
        self.until = asked.checked_add(ask.term);
        (self.left, self.wanted) = (grant.left, grant.wanted);
    }

    /// What is to be recorded, before any of it is spent.
    pub fn draw(&mut self, spent: Spent, replica: &Replica) -> Drawn {
        Drawn {
            counter: self.counter.clone(),
            replica: replica.clone(),
            told: self.tell(self.turn.saturating_add(1), spent),
            is_settled: false,
        }
    }

    /// That is recorded.
    pub fn recorded(&mut self, drawn: &Drawn) {
        let used = drawn.told.unrecorded.saturating_sub(self.told);
        let over = drawn.told.spent.over.saturating_sub(self.over);
        if !self.pending {
            // Else what is asked may be heard after this, and knows nothing of it.
            let used = used.min(self.reserve);
            self.covered = self.covered.saturating_add(used).saturating_add(over);
        }
        self.reserve = self.reserve.saturating_sub(used);
        self.told = self.told.max(drawn.told.unrecorded);
        self.granted = self.granted.saturating_add(over);
        self.over = self.over.saturating_add(over);
    }

    /// It was taken back: nothing more is spent of it until it is asked for anew.
    pub fn lapsed(&mut self) {
        (self.granted, self.reserve, self.covered) = (0, 0, 0);
        (self.given, self.until) = (Given::default(), None);
    }

    fn tell(&mut self, turn: u64, spent: Spent) -> Told {
        self.turn = turn;
        Told {
            turn: self.turn,
            spent,
            unrecorded: self.unrecorded,
        }
    }

    /// Nobody knows how much is left before the first answer.
    fn plenty(&self, limit: u64) -> u64 {
        match self.until {
            None => percent(limit, self.settings.portion),
            Some(_) => self.portion(),
        }
    }

    fn portion(&self) -> u64 {
        percent(self.left, self.settings.portion)
    }

    /// Has nothing of it been spent for a whole term?
    fn is_idle(&self, spent: Spent, now: Instant) -> bool {
        let since = self
            .moved
            .filter(|(then, _)| *then == spent && spent.held == 0);
        since.is_some_and(|(_, since)| now.saturating_duration_since(since) >= self.settings.term)
    }

    /// How much a term costs, by what was charged since it was asked last.
    fn measure(&mut self, spent: Spent, now: Instant) {
        if self.moved.is_none_or(|(before, _)| before != spent) {
            self.moved = Some((spent, now));
        }
        let Some((before, then)) = self.measured else {
            self.measured = Some((spent.charged, now));
            return;
        };
        let since = now.saturating_duration_since(then);
        if since < Duration::from_millis(100) {
            return;
        }
        let more = u128::from(spent.charged.saturating_sub(before));
        let pace = more * self.settings.term.as_millis() / since.as_millis();
        let pace = u64::try_from(pace).unwrap_or(u64::MAX);
        // As much as of late, or half as much as before.
        self.pace = pace.max(self.pace / 2);
        self.measured = Some((spent.charged, now));
    }
}

fn percent(of: u64, percent: u8) -> u64 {
    let part = u128::from(of) * u128::from(percent) / 100;
    u64::try_from(part).unwrap_or(u64::MAX)
}
