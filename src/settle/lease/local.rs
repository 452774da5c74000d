//! What a replica knows of its lease. Pure.

use std::time::{Duration, Instant};

use super::ask::{Ask, Drawn, Grant};
use super::lessor::Replica;
use super::settings::LeaseSettings;

/// What a replica knows of its lease on one counter, never more than is so.
///
/// `charged` and `held` are what the replica's own counter has of it, both together at most the [`ceiling`](Self::ceiling).
///
/// ```
/// use std::time::Instant;
/// use switchtower::settle::lease::{Lease, LeaseSettings, Replica, Shared};
///
/// let replica = Replica { name: "one".to_owned(), life: 1 };
/// let (mut counter, now) = (Shared::new(0), Instant::now());
/// let mut lease = Lease::new("account acme".to_owned(), LeaseSettings::default());
/// assert_eq!(lease.ceiling(now), 0);
///
/// let ask = lease.ask((0, 0), 10, 1_000, 0, now);
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
    until: Option<Instant>,
    left: u64,
    wanted: bool,
    /// What was charged by when, to know how fast it is spent.
    spent: Option<(u64, Instant)>,
    /// So much is spent in a term.
    pace: u64,
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
            until: None,
            left: 0,
            wanted: false,
            spent: None,
            pace: 0,
        }
    }

    /// The counter.
    #[must_use]
    pub fn counter(&self) -> &str {
        &self.counter
    }

    /// How much may be charged and held, all together: without the reserve, and nothing more once it has expired.
    #[must_use]
    pub fn ceiling(&self, now: Instant) -> u64 {
        match self.is_over(now) {
            true => 0,
            false => self.granted.saturating_sub(self.reserve),
        }
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

    /// Should it be asked for anew? When two thirds of its term are over, or less than a quarter of it is left, or somebody
    /// else wants what is free of it.
    #[must_use]
    pub fn is_due(&self, (charged, held): (u64, u64), now: Instant) -> bool {
        let drawn = charged.saturating_add(held);
        let free = self
            .granted
            .saturating_sub(self.reserve)
            .saturating_sub(drawn);
        let third = self.settings.term / 3;
        let aging = self.until.is_none_or(|until| now + third >= until);
        let short = self.left > 0 && free < self.pace.min(self.portion()) / 4;
        aging || short || (self.wanted && free > 0)
    }

    /// Asks for what is charged and held, so much more, and what will be spent in a term, as far as there is plenty; or
    /// gives back what is free of it, if somebody wants that.
    ///
    /// Until it is answered, nothing is spent of what it gives back.
    pub fn ask(
        &mut self,
        (charged, held): (u64, u64),
        more: u64,
        limit: u64,
        opening: u64,
        now: Instant,
    ) -> Ask {
        self.measure(charged, now);
        let drawn = charged.saturating_add(held);
        let need = drawn.saturating_add(more);
        // Nobody knows how much is left before the first answer.
        let plenty = if self.until.is_none() {
            percent(limit.saturating_sub(opening), self.settings.portion)
        } else {
            self.portion()
        };
        let ahead = match self.wanted {
            true => 0,
            false => self.pace.max(more.saturating_mul(3)).min(plenty),
        };
        let target = need.saturating_add(ahead);
        // Only what somebody else wants is given back.
        let target = match self.wanted {
            true => target,
            false => target.max(self.granted),
        };
        let reserve = percent(target - need, self.settings.reserve);
        self.granted = self.granted.min(target);
        // Nobody knows yet whether what was spent without a record is recorded by this.
        self.reserve = self
            .reserve
            .min(reserve.saturating_add(self.unrecorded - self.told));
        self.turn += 1;
        Ask {
            counter: self.counter.clone(),
            limit,
            opening,
            turn: self.turn,
            charged,
            held,
            unrecorded: self.unrecorded,
            target,
            need,
            reserve,
            term: self.settings.term,
            skew: self.settings.skew,
        }
    }

    /// This is the answer to what was asked then.
    pub fn granted(&mut self, ask: &Ask, grant: Grant, asked: Instant) {
        self.granted = grant.granted;
        self.reserve = grant.reserve;
        self.told = ask.unrecorded;
        self.until = asked.checked_add(ask.term);
        (self.left, self.wanted) = (grant.left, grant.wanted);
    }

    /// What is to be recorded, before any of it is spent.
    pub fn draw(&mut self, (charged, held): (u64, u64), replica: &Replica) -> Drawn {
        self.turn += 1;
        Drawn {
            counter: self.counter.clone(),
            replica: replica.clone(),
            turn: self.turn,
            charged,
            held,
            unrecorded: self.unrecorded,
        }
    }

    /// That is recorded.
    pub fn recorded(&mut self, drawn: &Drawn) {
        let told = drawn.unrecorded.saturating_sub(self.told);
        self.reserve = self.reserve.saturating_sub(told);
        self.told = self.told.max(drawn.unrecorded);
    }

    /// It was taken back: nothing more is spent of it until it is asked for anew.
    pub fn lapsed(&mut self) {
        (self.granted, self.reserve, self.until) = (0, 0, None);
    }

    fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    fn portion(&self) -> u64 {
        percent(self.left, self.settings.portion)
    }

    /// How much a term costs, by what was charged since it was asked last.
    fn measure(&mut self, charged: u64, now: Instant) {
        let Some((before, then)) = self.spent else {
            self.spent = Some((charged, now));
            return;
        };
        let since = now.saturating_duration_since(then);
        if since < Duration::from_millis(100) {
            return;
        }
        let spent = u128::from(charged.saturating_sub(before));
        let pace = spent * self.settings.term.as_millis() / since.as_millis();
        let pace = u64::try_from(pace).unwrap_or(u64::MAX);
        // As much as of late, or half as much as before.
        self.pace = pace.max(self.pace / 2);
        self.spent = Some((charged, now));
    }
}

fn percent(of: u64, percent: u8) -> u64 {
    let part = u128::from(of) * u128::from(percent) / 100;
    u64::try_from(part).unwrap_or(u64::MAX)
}
