//! What is leased of the limits, for the thread that writes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::counters::Counters;
use super::gather::Batch;
use super::queue::Waiting;
use super::wishes::Wishes;
use crate::clock;
use crate::limits::{Limits, Now};
use crate::settle::lease::{Drawn, Keeper, LeaseSettings, Lessor, Want, Wanting};
use crate::settle::limited::Shares;
use crate::settle::store::{Store, StoreError};
use crate::telemetry;

/// What is leased of the limits: what is counted here, and what waits for more.
///
/// See the [module docs](super).
#[derive(Debug)]
pub(super) struct Leases {
    keeper: Keeper,
    lessor: Arc<dyn Lessor>,
    store: Arc<dyn Store>,
    limits: Limits,
    settings: LeaseSettings,
    counters: Counters,
    wishes: Wishes,
    looked: Instant,
    forgot: Option<Instant>,
    failing: bool,
}

/// So many counters are renewed in one transaction, at most.
const AT_ONCE: usize = 256;
/// How often counters of windows that are over are forgotten, and how long after their end.
const FORGET: [Duration; 2] = [Duration::from_secs(3600), Duration::from_secs(86_400)];

// === impl Leases ===

impl Leases {
    /// Begins the life of a replica of this name. From now on budgets are counted together with others.
    pub(super) fn open(
        store: Arc<dyn Store>,
        name: &str,
        limits: &Limits,
        settings: LeaseSettings,
    ) -> Result<Self, StoreError> {
        let none = || StoreError::Other("this store keeps no leases".into());
        let lessor = store.clone().lessor().ok_or_else(none)?;
        let keeper = Keeper::open(lessor.clone(), name, settings)?;
        limits.share();
        Ok(Self {
            keeper,
            lessor,
            store,
            limits: limits.clone(),
            settings,
            counters: Counters::default(),
            wishes: Wishes::default(),
            looked: clock::now(),
            forgot: None,
            failing: false,
        })
    }

    /// How long the thread may sleep.
    pub(super) fn pause(&self) -> Duration {
        let pause = self.settings.pause;
        let next = self.wishes.next();
        next.map_or(pause, |at| {
            pause.min(at.saturating_duration_since(clock::now()))
        })
    }

    /// These claims wait for a lease.
    pub(super) fn wish(&mut self, wishes: impl Iterator<Item = Waiting>) {
        let until = clock::later(clock::now(), self.settings.wait);
        self.wishes.extend(wishes, until);
    }

    /// Takes those claims that wait and for which there is room, having leased what they need, and refuses those for which
    /// there is none: what is to be written now.
    pub(super) fn serve(&mut self) -> Vec<Waiting> {
        let mut taken = Vec::new();
        self.wishes.take(&self.limits, &mut taken);
        let now = now();
        if !self.wishes.is_empty() {
            let mut leased = self.lease(|least, all| Want::More { least, all }, now);
            self.wishes.take(&self.limits, &mut taken);
            if leased.is_ok() {
                // Nothing beyond what is needed, and no reserve: others may need it as well.
                leased = self.lease(|least, all| Want::Exactly { least, all }, now);
                self.wishes.take(&self.limits, &mut taken);
            }
            match &leased {
                Ok(()) => {
                    self.wishes.refuse_late(&self.limits, now);
                    self.wishes.take(&self.limits, &mut taken);
                }
                Err(error @ (StoreError::Lapsed(_) | StoreError::Full(_))) => {
                    self.wishes.refuse_all(error);
                }
                // Whoever waits knows for how long.
                Err(_) => {}
            }
            self.told(leased);
        }
        self.wishes.wait(&self.limits, &mut self.counters, now);
        taken
    }

    /// Asks for what those who wait need, of each counter all at once.
    fn lease(&mut self, want: impl Fn(u64, u64) -> Want, now: Now) -> Result<(), StoreError> {
        let needs = self.wishes.needs(&self.limits, &mut self.counters, now);
        let wants = needs.into_iter();
        let wants: Vec<_> = wants
            .map(|(name, (least, all))| (name, want(least, all)))
            .collect();
        wants
            .chunks(AT_ONCE)
            .try_for_each(|some| self.ask(some, now))
    }

    /// Asks, while nothing is taken of what may have to be given back.
    fn ask(&mut self, wants: &[(String, Want)], now: Now) -> Result<(), StoreError> {
        let mut wantings = Vec::with_capacity(wants.len());
        for (name, want) in wants {
            let counter = self.counters.get(name);
            if let Some((spent, limit)) = counter.and_then(|counter| counter.hold_back(now)) {
                wantings.push(Wanting {
                    counter: name,
                    spent,
                    want: *want,
                    limit,
                });
            }
        }
        if wantings.is_empty() {
            return Ok(());
        }
        for name in self.counters.came_back() {
            self.keeper.look_anew(&name);
        }
        let (counters, store) = (&self.counters, &*self.store);
        let opening = |name: &str| {
            let counter = counters.get(name);
            counter.map_or(Ok(0), |counter| counter.opening(store, now))
        };
        let asked = self.keeper.ask(&wantings, opening, now.instant);
        for (place, wanting) in wantings.iter().enumerate() {
            let ceiling = self.keeper.ceiling(wanting.counter, now.instant);
            let grant = asked.as_ref().ok().and_then(|grants| grants.get(place));
            let elsewhere = grant.map(|grant| (grant.charged, grant.held));
            if let Some(counter) = self.counters.get(wanting.counter) {
                counter.grant(ceiling, elsewhere, now);
            }
        }
        self.failing &= asked.is_err();
        asked.map(drop)
    }

    /// Looks after what is leased, if it is time: renews, gives back, and forgets what is over.
    pub(super) fn look_after(&mut self) {
        let now = now();
        let since = |then: Instant| now.instant.saturating_duration_since(then);
        if since(self.looked) < self.settings.pause {
            return;
        }
        self.looked = now.instant;
        let keeper = &mut self.keeper;
        self.counters.forget(now, |name| keeper.forget(name));
        if self.forgot.is_none_or(|then| since(then) >= FORGET[0]) {
            self.forgot = Some(now.instant);
            let before = now.wall.checked_sub(FORGET[1]);
            let forgot = before.map_or(Ok(()), |before| self.lessor.forget(before));
            self.told(forgot);
        }
        if !self.counters.is_empty() {
            let heard = self.keeper.hear();
            let renewed = heard.and_then(|()| self.renew(now));
            self.told(renewed);
        }
    }

    fn renew(&mut self, now: Now) -> Result<(), StoreError> {
        let mut due = Vec::new();
        for (name, counter) in self.counters.iter() {
            if let Some((spent, limit)) = counter.spent(now)
                && self.keeper.is_due(name, spent, limit.amount, now.instant)
            {
                due.push((name.clone(), Want::Renewal));
            }
        }
        due.chunks(AT_ONCE).try_for_each(|some| self.ask(some, now))
    }

    /// What the entries of this batch have drawn, but of these counters. Nothing is spent of what is over: that is renewed
    /// before, unless it is known that nobody answers.
    pub(super) fn draw(&mut self, batch: &Batch, but: &HashSet<String>, away: bool) -> Vec<Drawn> {
        let now = now();
        let mut names = self.counters.names(batch.shares(), now);
        names.retain(|name| !but.contains(name));
        let is_over = |name: &&String| !away && self.keeper.is_over(name, now.instant);
        let over = names.iter().filter(is_over);
        let over: Vec<_> = over.map(|name| (name.clone(), Want::Renewal)).collect();
        if !over.is_empty() {
            let renewed = self.ask(&over, now);
            self.told(renewed);
        }
        let draw = |name: &String| {
            let (spent, _) = self.counters.get(name)?.spent(now)?;
            self.keeper.draw(name, spent)
        };
        names.iter().filter_map(draw).collect()
    }

    pub(super) fn recorded(&mut self, drawn: &[Drawn]) {
        for drawn in drawn {
            self.keeper.recorded(drawn);
        }
    }

    /// The lease on this counter was taken back: it is asked for anew.
    pub(super) fn lapsed(&mut self, counter: &str) {
        self.keeper.lapsed(counter);
        let want = Want::Exactly { least: 0, all: 0 };
        let asked = self.ask(&[(counter.to_owned(), want)], now());
        self.told(asked);
    }

    /// May so much of all of these be spent, since nobody can record it?
    pub(super) fn spend_unrecorded(&mut self, shares: &Shares, amount: u64) -> bool {
        let now = now();
        let shares = shares.iter().flat_map(|shares| shares.iter());
        let names = self.counters.names(shares, now);
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        !names.is_empty() && self.keeper.spend_unrecorded(&names, amount, now.instant)
    }

    /// Does this one count by that counter?
    pub(super) fn is_of(&mut self, shares: &Shares, counter: &str) -> bool {
        let shares = shares.iter().flat_map(|shares| shares.iter());
        self.counters.names(shares, now()).contains(counter)
    }

    /// Nothing more is spent, and what is free is given back.
    pub(super) fn close(self) {
        if let Err(error) = self.keeper.close() {
            telemetry::not_leased(&error);
        }
    }

    /// That it fails is told once.
    fn told(&mut self, asked: Result<(), StoreError>) {
        if let Err(error) = &asked
            && !self.failing
        {
            telemetry::not_leased(error);
        }
        self.failing |= asked.is_err();
    }
}

/// The present moment, by both clocks.
fn now() -> Now {
    Now {
        instant: clock::now(),
        wall: clock::wall(),
    }
}
