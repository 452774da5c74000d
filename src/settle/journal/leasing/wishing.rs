//! Those who wait for one counter. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::wishes::again;
use crate::settle::lease::Want;

/// Those who wait for one counter, by the order of their coming, and when it is asked for them.
#[derive(Debug)]
pub(super) struct Wishing {
    amounts: BTreeMap<u64, u64>,
    sum: u128,
    /// Has it been asked for more, and that was not enough?
    exactly: bool,
    /// When is it to be asked? None while it is.
    at: Option<Instant>,
    pause: Duration,
    /// What the first needed, when it was asked last.
    least: u64,
    /// How often was it asked in vain, and of how much was there too little then?
    rounds: u64,
    vain: u64,
    /// Is there no room for the lease?
    crowded: bool,
}

// === impl Wishing ===

impl Wishing {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            amounts: BTreeMap::new(),
            sum: 0,
            exactly: false,
            at: Some(now),
            pause: Duration::ZERO,
            least: 0,
            rounds: 0,
            vain: u64::MAX,
            crowded: false,
        }
    }

    /// One more. It has waited in vain once there have been more rounds than this.
    pub(super) fn add(&mut self, number: u64, amount: u64) -> u64 {
        if self.amounts.insert(number, amount).is_none() {
            self.sum += u128::from(amount);
        }
        // What is asked just now is not asked for this one.
        let misses = self.exactly && self.at.is_none();
        self.rounds + u64::from(misses)
    }

    /// It is served: those behind it are to be asked for at once.
    pub(super) fn remove(&mut self, number: u64, now: Instant) {
        self.leave(number);
        self.pause = Duration::ZERO;
        if let Some(at) = self.at {
            (self.exactly, self.at) = (false, Some(at.min(now)));
        }
    }

    /// It waits no more.
    pub(super) fn leave(&mut self, number: u64) {
        if let Some(amount) = self.amounts.remove(&number) {
            self.sum -= u128::from(amount);
        }
    }

    pub(super) fn first(&self) -> Option<u64> {
        self.amounts.first_key_value().map(|(number, _)| *number)
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.at
    }

    /// Was there too little for this one, in a later round than that? Whoever needs less has its turn once it is the first.
    pub(super) fn is_vain(&self, number: u64, round: u64) -> bool {
        let amount = self.amounts.get(&number);
        self.rounds > round && amount.is_none_or(|amount| *amount >= self.vain)
    }

    pub(super) fn is_crowded(&self) -> bool {
        self.crowded
    }

    /// What is to be asked, if it is time: enough for the first, and for all.
    pub(super) fn want(&self, now: Instant) -> Option<Want> {
        self.at.filter(|at| *at <= now)?;
        let (_, least) = self.amounts.first_key_value()?;
        let (least, all) = (*least, u64::try_from(self.sum).unwrap_or(u64::MAX));
        Some(match self.exactly {
            // Nothing beyond what is needed, and no reserve: others may need it as well.
            true => Want::Exactly { least, all },
            false => Want::More { least, all },
        })
    }

    pub(super) fn asked(&mut self) {
        (self.at, self.crowded) = (None, false);
        let first = self.amounts.first_key_value();
        self.least = first.map_or(u64::MAX, |(_, amount)| *amount);
    }

    /// It is asked anew a little later, unless it was only asked for more than was needed.
    pub(super) fn answered(&mut self, heard: bool, now: Instant) {
        if heard && !self.exactly {
            (self.exactly, self.at) = (true, Some(now));
            return;
        }
        if heard {
            (self.exactly, self.rounds) = (false, self.rounds + 1);
            self.vain = self.least;
        }
        self.wait(now);
    }

    pub(super) fn crowd(&mut self, now: Instant) {
        // Others are given back meanwhile, and nobody is asked in vain.
        self.crowded = true;
        self.at = Some(now + again(Duration::ZERO));
    }

    fn wait(&mut self, now: Instant) {
        self.pause = again(self.pause);
        self.at = Some(now + self.pause);
    }
}
