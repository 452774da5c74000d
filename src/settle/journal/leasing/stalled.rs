//! Claims of counters of which nothing can be drawn just now.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::wishes::again;
use crate::generation::GenerationId;
use crate::settle::journal::gather::Batch;
use crate::settle::limited::Shares;
use crate::settle::store::StoreError;

/// Claims of counters of which nothing can be drawn just now: they wait, and nothing else does.
#[derive(Debug, Default)]
pub(super) struct Stalled {
    by_counter: HashMap<String, Stall>,
    claims: Batch,
}

#[derive(Debug)]
struct Stall {
    /// Was its lease taken back? Then it is asked for anew.
    lapsed: bool,
    /// Is it locked by somebody else? Then nothing is told of it, not even what was charged.
    locked: bool,
    /// Is it tried just now?
    tried: bool,
    /// When is it tried again? None: while it is asked for.
    at: Option<Instant>,
    pause: Duration,
}

// === impl Stalled ===

impl Stalled {
    pub(super) fn has(&self, counter: &str) -> bool {
        let stall = self.by_counter.get(counter);
        stall.is_some_and(|stall| !stall.tried)
    }

    /// Is it locked by somebody else?
    pub(super) fn is_locked(&self, counter: &str) -> bool {
        let stall = self.by_counter.get(counter);
        stall.is_some_and(|stall| stall.locked && !stall.tried)
    }

    /// Its lease was taken back. Those of these claims for which it was asked for anew once are refused.
    pub(super) fn lapsed(&mut self, counter: &str, mut claims: Batch, now: Instant) {
        claims.refuse_again(&StoreError::Lapsed(counter.to_owned()));
        self.claims = std::mem::take(&mut self.claims).and(claims);
        let stall = Stall {
            lapsed: true,
            locked: false,
            tried: false,
            at: Some(now),
            pause: Duration::ZERO,
        };
        self.by_counter.insert(counter.to_owned(), stall);
    }

    /// Somebody has locked it.
    pub(super) fn busy(&mut self, counter: &str, now: Instant) {
        let stall = self.by_counter.entry(counter.to_owned());
        let stall = stall.or_insert(Stall {
            lapsed: false,
            locked: true,
            tried: false,
            at: None,
            pause: Duration::ZERO,
        });
        (stall.locked, stall.tried) = (true, false);
        // What has lapsed is asked for in any case.
        if !stall.lapsed {
            stall.wait(now);
        }
    }

    /// Something was drawn of it.
    pub(super) fn drawn(&mut self, counter: &str) {
        if self
            .by_counter
            .get(counter)
            .is_some_and(|stall| stall.tried)
        {
            self.by_counter.remove(counter);
        }
    }

    /// These claims are of such counters.
    pub(super) fn add(&mut self, claims: Batch) {
        self.claims = std::mem::take(&mut self.claims).and(claims);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_counter.values().all(|stall| stall.tried)
    }

    pub(super) fn next(&self, after: Instant) -> Option<Instant> {
        let next = self.by_counter.values().filter_map(|stall| stall.at);
        next.filter(|at| *at > after).min()
    }

    /// Which of them are to be asked for anew, now?
    pub(super) fn wants(&self, now: Instant, most: usize) -> Vec<String> {
        let due = self.by_counter.iter();
        let due = due.filter(|(_, stall)| stall.lapsed && stall.at.is_some_and(|at| at <= now));
        due.map(|(name, _)| name.clone()).take(most).collect()
    }

    pub(super) fn asked(&mut self, counter: &str) {
        if let Some(stall) = self.by_counter.get_mut(counter) {
            (stall.at, stall.locked) = (None, false);
        }
    }

    /// That was answered, or not.
    pub(super) fn answered(&mut self, counter: &str, heard: bool, now: Instant) {
        let Some(stall) = self.by_counter.get_mut(counter) else {
            return;
        };
        if stall.at.is_some() {
            // What was asked before it was taken back.
            return;
        }
        match heard {
            true => drop(self.by_counter.remove(counter)),
            false => stall.wait(now),
        }
    }

    /// The claims that may be tried again.
    pub(super) fn due(
        &mut self,
        now: Instant,
        mut is_of: impl FnMut(&Shares, &str) -> bool,
    ) -> Batch {
        for stall in self.by_counter.values_mut() {
            stall.tried |= !stall.lapsed && stall.at.is_some_and(|at| at <= now);
        }
        if self.claims.entries().is_empty() {
            return Batch::default();
        }
        let stalled = self.by_counter.iter();
        let stalled = stalled.filter(|(_, stall)| !stall.tried);
        let stalled: Vec<_> = stalled.map(|(name, _)| name).collect();
        let waits = |shares: &Shares| stalled.iter().any(|name| is_of(shares, name));
        let waiting = self.claims.claims_of(waits);
        std::mem::replace(&mut self.claims, waiting)
    }

    /// Nobody waits for this hold any more.
    pub(super) fn forget(&mut self, id: &GenerationId) {
        if !self.claims.entries().is_empty() {
            self.claims.forget(id);
        }
    }

    /// Nothing will be drawn in time.
    pub(super) fn refuse(&mut self, why: &StoreError) {
        self.claims.refuse(why);
    }
}

// === impl Stall ===

impl Stall {
    fn wait(&mut self, now: Instant) {
        self.pause = again(self.pause);
        self.at = Some(now + self.pause);
    }
}
