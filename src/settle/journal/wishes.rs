//! Claims that wait for leases.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::counters::Counters;
use super::queue::Waiting;
use super::wish::Tried;
use crate::limits::{Limits, Now};
use crate::settle::store::StoreError;

/// Claims that wait for leases, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    all: Vec<Wished>,
    /// When a counter is asked again that somebody waits for, and how long after the last time that is.
    again: HashMap<String, (Instant, Duration)>,
}

#[derive(Debug)]
struct Wished {
    waiting: Waiting,
    /// How long it waits for others.
    until: Instant,
}

/// How long a counter of which there is too little is left alone: twice as long each time, up to the last.
const AGAIN: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(250)];

// === impl Wishes ===

impl Wishes {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn extend(&mut self, wishes: impl Iterator<Item = Waiting>, until: Instant) {
        let wished = |waiting| Wished { waiting, until };
        self.all.extend(wishes.map(wished));
    }

    /// Until when may whoever serves them sleep?
    pub(super) fn next(&self) -> Option<Instant> {
        self.again.values().map(|(at, _)| *at).min()
    }

    /// Takes those for which there is room, and tells those for which there is none.
    pub(super) fn take(&mut self, limits: &Limits, taken: &mut Vec<Waiting>) {
        for mut wished in std::mem::take(&mut self.all) {
            let Some(wish) = wished.waiting.wish.clone() else {
                continue;
            };
            match wish.take(limits) {
                Tried::Taken => {
                    wished.waiting.shares = wish.taken();
                    taken.push(wished.waiting);
                }
                Tried::Short(_) => self.all.push(wished),
                Tried::Over => wished.waiting.tell(Ok(())),
            }
        }
    }

    /// Who has waited long enough for others has waited in vain.
    pub(super) fn refuse_late(&mut self, limits: &Limits, now: Now) {
        let late = self.all.iter().filter(|it| it.until <= now.instant);
        for wish in late.filter_map(|wished| wished.waiting.wish.as_ref()) {
            wish.refuse(limits);
        }
    }

    /// Nothing will ever be leased.
    pub(super) fn refuse_all(&mut self, why: &StoreError) {
        for wished in self.all.drain(..) {
            wished.waiting.tell(Err(why.again()));
        }
    }

    /// Of each counter that may be asked now, the least that is waited for, and all.
    pub(super) fn needs(
        &self,
        limits: &Limits,
        counters: &mut Counters,
        now: Now,
    ) -> HashMap<String, (u64, u64)> {
        let mut needs = self.all_needs(limits, counters, now);
        let is_time = |(at, _): &(Instant, Duration)| *at <= now.instant;
        needs.retain(|name, _| self.again.get(name).is_none_or(is_time));
        needs
    }

    /// Those counters that somebody still waits for are asked again a little later.
    pub(super) fn wait(&mut self, limits: &Limits, counters: &mut Counters, now: Now) {
        let needs = self.all_needs(limits, counters, now);
        let again = needs.into_keys().map(|name| {
            let next = match self.again.get(&name) {
                Some(next) if next.0 > now.instant => *next,
                before => {
                    let before = before.map_or(Duration::ZERO, |(_, pause)| *pause);
                    let pause = (before * 2).clamp(AGAIN[0], AGAIN[1]);
                    (now.instant + pause, pause)
                }
            };
            (name, next)
        });
        self.again = again.collect();
    }

    fn all_needs(
        &self,
        limits: &Limits,
        counters: &mut Counters,
        now: Now,
    ) -> HashMap<String, (u64, u64)> {
        let mut needs = HashMap::new();
        for Wished { waiting, .. } in &self.all {
            let Some(wish) = &waiting.wish else { continue };
            for (share, amount) in wish.shares(limits) {
                let name = counters.name(&share, now).to_owned();
                let (least, all) = needs.entry(name).or_insert((u64::MAX, 0_u64));
                *least = amount.min(*least);
                *all = amount.saturating_add(*all);
            }
        }
        needs
    }
}
