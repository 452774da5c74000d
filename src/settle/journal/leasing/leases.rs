//! What is leased of the limits, for the thread that writes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::asker::Asker;
use super::asks::{Chore, Chores};
use super::counters::Counters;
use super::stalled::Stalled;
use super::wishes::Wishes;
use crate::clock;
use crate::limits::{Limits, Now};
use crate::settle::journal::gather::Batch;
use crate::settle::journal::queue::{Queue, Waiting};
use crate::settle::lease::{Drawn, Keeper, LeaseSettings, Lessor, Want};
use crate::settle::limited::Shares;
use crate::settle::store::{Store, StoreError};
use crate::telemetry;

/// What is leased of the limits: what is counted here, and what waits for more. It never waits for an answer itself.
///
/// See the [module docs](crate::settle::journal).
#[derive(Debug)]
pub(in crate::settle::journal) struct Leases {
    pub(super) keeper: Keeper,
    lessor: Arc<dyn Lessor>,
    pub(super) asker: Asker,
    limits: Limits,
    settings: LeaseSettings,
    pub(super) counters: Counters,
    pub(super) wishes: Wishes,
    pub(super) stalled: Stalled,
    /// Of which something is written that could not be drawn: it is told with the next ask.
    untold: BTreeSet<String>,
    pub(super) chores: Chores,
    served: Instant,
    looked: Instant,
    forgot: Option<Instant>,
    pub(super) failing: bool,
    /// Why is nothing leased any more?
    pub(super) over: Option<StoreError>,
}

/// How often counters of windows that are over are forgotten.
const FORGET: Duration = Duration::from_secs(3600);
// === impl Leases ===

impl Leases {
    /// Begins the life of a replica of this name. From now on budgets are counted together with others.
    pub(in crate::settle::journal) fn open(
        store: Arc<dyn Store>,
        name: &str,
        limits: &Limits,
        settings: LeaseSettings,
        queue: Arc<Queue>,
    ) -> Result<Self, StoreError> {
        let none = || StoreError::Other("this store keeps no leases".into());
        let lessor = store.clone().lessor().ok_or_else(none)?;
        let replica = lessor.enlist(name)?;
        let asker = Asker::start(
            (store, limits.clone()),
            lessor.clone(),
            replica.clone(),
            queue,
        )?;
        limits.share();
        Ok(Self {
            keeper: Keeper::new(replica, settings),
            lessor,
            asker,
            limits: limits.clone(),
            settings,
            counters: Counters::default(),
            wishes: Wishes::default(),
            stalled: Stalled::default(),
            untold: BTreeSet::new(),
            chores: Chores::default(),
            served: clock::now(),
            looked: clock::now(),
            forgot: None,
            failing: false,
            over: None,
        })
    }

    /// How long the thread may sleep, if no answer comes.
    pub(in crate::settle::journal) fn pause(&self) -> Duration {
        let next = [
            self.wishes.next(self.served),
            self.stalled.next(self.served),
        ];
        let next = next.into_iter().flatten().min();
        let now = clock::now();
        let pause = self.settings.pause;
        next.map_or(pause, |at| pause.min(at.saturating_duration_since(now)))
    }

    /// These claims wait for a lease.
    pub(in crate::settle::journal) fn wish(&mut self, wishes: impl Iterator<Item = Waiting>) {
        let now = now();
        let until = clock::later(now.instant, self.settings.wait);
        for wish in wishes {
            match &self.over {
                Some(why) => wish.tell(Err(why.again())),
                None => {
                    let world = (&self.limits, &mut self.counters, now);
                    self.wishes.add(wish, until, world);
                }
            }
        }
    }

    /// Takes those claims that wait and for which there is room by now, refuses those for which there is none, and asks for what
    /// the others need: what is to be written now.
    pub(in crate::settle::journal) fn serve(&mut self) -> Batch {
        let now = now();
        self.served = now.instant;
        while let Some(answer) = self.asker.answer() {
            self.answered(answer, now);
        }
        let mut taken = Vec::new();
        let world = (&self.limits, &mut self.counters, now);
        self.wishes.take(&mut taken, world);
        self.wishes.refuse_late(&mut taken, &self.limits, now);
        let counters = &mut self.counters;
        let is_of = |shares: &Shares, name: &str| names(counters, shares, now).contains(name);
        let mut batch = self.stalled.due(now.instant, is_of);
        batch.extend(taken);
        let stalled = &self.stalled;
        let told = self.untold.extract_if(.., |name| !stalled.has(name));
        let told: Vec<_> = told.map(|name| (name, Want::Renewal)).collect();
        self.want(&told);
        self.ask_next(now);
        batch
    }

    /// Looks after what is leased, if it is time: renews, gives back, and forgets what is over.
    pub(in crate::settle::journal) fn look_after(&mut self) {
        let now = now();
        let since = |then: Instant| now.instant.saturating_duration_since(then);
        if since(self.looked) < self.settings.pause || !self.chores.is_empty() {
            return;
        }
        self.looked = now.instant;
        let keeper = &mut self.keeper;
        self.counters.forget(now, |name| keeper.forget(name));
        if !self.counters.is_empty() {
            self.chores.add(Chore::Hear);
        }
        if self.forgot.is_none_or(|then| since(then) >= FORGET) {
            self.forgot = Some(now.instant);
            self.chores.add(Chore::Forget);
        }
        self.ask_next(now);
    }

    /// Takes out the claims of which nothing can be drawn just now; those that are over by it are forgotten, lest they be written
    /// after their end.
    pub(in crate::settle::journal) fn stall(&mut self, batch: &mut Batch) {
        if !self.stalled.is_empty() {
            self.take_out(batch);
        }
        batch.ends().for_each(|id| self.stalled.forget(id));
    }

    fn take_out(&mut self, batch: &mut Batch) {
        let (now, counters, stalled) = (now(), &mut self.counters, &self.stalled);
        let is_of = |shares: &Shares| {
            let names = names(counters, shares, now);
            names.iter().any(|name| stalled.has(name))
        };
        let claims = batch.claims_of(is_of);
        self.stalled.add(claims);
        if let Some(why) = &self.over {
            self.stalled.refuse(why);
        }
    }

    /// What the entries of this batch have drawn.
    pub(in crate::settle::journal) fn draw(&mut self, batch: &Batch) -> Vec<Drawn> {
        let now = now();
        let names = self.counters.names(batch.shares(), now);
        let draw = |name: &String| {
            if self.stalled.is_locked(name) {
                self.untold.insert(name.clone());
                return None;
            }
            let (spent, _) = self.counters.get(name)?.spent(now)?;
            match self.stalled.has(name) {
                // Somebody who finds the rows in the books finds here that they are counted.
                true => self.keeper.settle(name, spent),
                false => self.keeper.draw(name, spent),
            }
        };
        names.iter().filter_map(draw).collect()
    }

    pub(in crate::settle::journal) fn recorded(&mut self, drawn: &[Drawn]) {
        for drawn in drawn {
            self.keeper.recorded(drawn);
            self.stalled.drawn(&drawn.counter);
        }
    }

    /// The lease on this counter was taken back: it is asked for anew, and claims of it wait.
    pub(in crate::settle::journal) fn lapsed(&mut self, counter: &str, batch: &mut Batch) {
        let now = now();
        self.keeper.lapsed(counter);
        if let Some(known) = self.counters.get(counter) {
            known.grant(0, None, now);
        }
        let claims = self.claims_of(counter, batch, now);
        self.stalled.lapsed(counter, claims, now.instant);
        if let Some(why) = &self.over {
            self.stalled.refuse(why);
        }
    }

    /// Somebody has locked these: claims of them wait.
    pub(in crate::settle::journal) fn busy(&mut self, locked: &[String], batch: &mut Batch) {
        let now = now();
        for counter in locked {
            let claims = self.claims_of(counter, batch, now);
            self.stalled.busy(counter, now.instant);
            self.stalled.add(claims);
        }
    }

    fn claims_of(&mut self, counter: &str, batch: &mut Batch, now: Now) -> Batch {
        let counters = &mut self.counters;
        batch.claims_of(|shares| names(counters, shares, now).contains(counter))
    }

    /// May so much of all of these be spent, since nobody can record it?
    pub(in crate::settle::journal) fn spend_unrecorded(
        &mut self,
        shares: &Shares,
        amount: u64,
    ) -> bool {
        let now = now();
        let names = names(&mut self.counters, shares, now);
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        !names.is_empty() && self.keeper.spend_unrecorded(&names, amount, now.instant)
    }

    /// Nothing more is spent, and what is free is given back; unless something was spent without a record.
    pub(in crate::settle::journal) fn close(mut self) {
        self.stalled
            .refuse(&StoreError::Away("the journal is closed".into()));
        let (is_untold, replica) = (self.keeper.is_untold(), self.keeper.replica().clone());
        self.asker.end();
        if is_untold || self.over.is_some() {
            return;
        }
        if let Err(error) = self.lessor.release(&replica) {
            telemetry::not_leased(&error);
        }
    }

    /// That it fails is told once.
    pub(super) fn told(&mut self, asked: Result<(), StoreError>) {
        let Err(error) = asked else {
            self.failing = false;
            return;
        };
        if let StoreError::Taken(_) = error {
            return self.end(error);
        }
        if !self.failing {
            telemetry::not_leased(&error);
        }
        self.failing = true;
    }

    /// Somebody else has the name: nothing is leased any more, and nothing that was not recorded is spent.
    fn end(&mut self, why: StoreError) {
        if self.over.is_some() {
            return;
        }
        telemetry::name_taken(&self.keeper.replica().name, &why);
        let now = now();
        for (_, counter) in self.counters.iter() {
            counter.hold_back(now);
        }
        self.chores = Chores::default();
        self.wishes.refuse_all(&why);
        self.stalled.refuse(&why);
        self.over = Some(why);
    }
}

/// The counters of these, each once.
fn names(counters: &mut Counters, shares: &Shares, now: Now) -> BTreeSet<String> {
    let shares = shares.iter().flat_map(|shares| shares.iter());
    counters.names(shares, now)
}

/// The present moment, by both clocks.
fn now() -> Now {
    Now {
        instant: clock::now(),
        wall: clock::wall(),
    }
}
