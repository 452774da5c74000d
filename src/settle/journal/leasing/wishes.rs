//! Claims that wait for leases.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::counters::Counters;
use super::wish::Tried;
use super::wishing::Wishing;
use crate::limits::{Limits, Now};
use crate::settle::journal::queue::Waiting;
use crate::settle::lease::Want;
use crate::settle::store::StoreError;

/// Claims that wait for leases, in the order in which they came: of each counter the first has to be served, or to have waited
/// in vain, before those behind it are.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    all: BTreeMap<u64, Wished>,
    by_counter: HashMap<String, Wishing>,
    last: u64,
    /// How many there may be before it is looked who is gone.
    looked: usize,
}

#[derive(Debug)]
struct Wished {
    waiting: Waiting,
    /// How long it waits for others.
    until: Instant,
    /// Behind whom it waits: in which round that is known to be in vain.
    lines: Vec<(String, u64)>,
}

/// As few are not worth looking who of them is gone.
const FEW: usize = 1024;

// === impl Wishes ===

impl Wishes {
    /// Does somebody wait for this counter?
    pub(super) fn has(&self, counter: &str) -> bool {
        self.by_counter.contains_key(counter)
    }

    pub(super) fn add(
        &mut self,
        waiting: Waiting,
        until: Instant,
        (limits, counters, now): (&Limits, &mut Counters, Now),
    ) {
        self.last += 1;
        let wished = Wished {
            waiting,
            until,
            lines: Vec::new(),
        };
        self.line_up(self.last, wished, (limits, counters, now));
    }

    fn line_up(
        &mut self,
        number: u64,
        mut wished: Wished,
        (limits, counters, now): (&Limits, &mut Counters, Now),
    ) {
        let wish = wished.waiting.wish.as_ref();
        for (share, amount) in wish.map_or_else(Vec::new, |wish| wish.shares(limits)) {
            let name = counters.name(&share, now);
            if wished.lines.iter().any(|(known, _)| known == name) {
                continue;
            }
            let line = self.by_counter.entry(name.to_owned());
            let round = line.or_insert_with(|| Wishing::new(now.instant));
            let round = round.add(number, amount);
            wished.lines.push((name.to_owned(), round));
        }
        self.all.insert(number, wished);
    }

    /// When after this is somebody to be asked again, or has waited in vain?
    pub(super) fn next(&self, after: Instant) -> Option<Instant> {
        let next = self.by_counter.values().filter_map(Wishing::next);
        let late = self.all.values().map(|wished| wished.until);
        let late = late.skip_while(|until| *until <= after).take(1);
        next.chain(late).filter(|at| *at > after).min()
    }

    /// Takes those for which there is room and who are the first of theirs, and tells those for which there is none.
    pub(super) fn take(
        &mut self,
        taken: &mut Vec<Waiting>,
        (limits, counters, now): (&Limits, &mut Counters, Now),
    ) {
        if self.all.len() > self.looked.max(FEW) {
            self.look_who_is_gone();
        }
        let firsts = self.by_counter.values().filter_map(Wishing::first);
        let nowhere = self.all.iter().filter(|(_, it)| it.lines.is_empty());
        let nowhere = nowhere.map(|(number, _)| *number);
        let mut firsts = BTreeSet::from_iter(firsts.chain(nowhere));
        while let Some(number) = firsts.pop_first() {
            if !self.is_first(number) {
                continue;
            }
            let wish = self.all.get(&number).map(|it| it.waiting.wish.clone());
            let Some(Some(wish)) = wish else {
                continue;
            };
            let tried = wish.take(limits);
            if let Tried::Short(_) = tried {
                self.follow(number, (limits, counters, now));
                continue;
            }
            let Some(mut wished) = self.remove(number, now.instant) else {
                continue;
            };
            let lines = wished.lines.iter();
            firsts.extend(lines.filter_map(|(name, _)| self.by_counter.get(name)?.first()));
            match tried {
                Tried::Taken => {
                    wished.waiting.shares = wish.taken();
                    taken.push(wished.waiting);
                }
                Tried::Short(_) | Tried::Over => wished.waiting.tell(Ok(())),
            }
        }
        self.by_counter.retain(|_, line| line.first().is_some());
    }

    /// By other rules than before, perhaps, or in another window.
    fn follow(&mut self, number: u64, (limits, counters, now): (&Limits, &mut Counters, Now)) {
        let Some(wished) = self.all.get(&number) else {
            return;
        };
        let wish = wished.waiting.wish.as_ref();
        let shares = wish.map_or_else(Vec::new, |wish| wish.shares(limits));
        let stays = |name: &str| wished.lines.iter().any(|(known, _)| known == name);
        if shares
            .iter()
            .all(|(share, _)| stays(counters.name(share, now)))
        {
            return;
        }
        if let Some(wished) = self.remove(number, now.instant) {
            let lines = Vec::new();
            let wished = Wished { lines, ..wished };
            self.line_up(number, wished, (limits, counters, now));
        }
    }

    fn is_first(&self, number: u64) -> bool {
        let Some(wished) = self.all.get(&number) else {
            return false;
        };
        let first = |(name, _): &(String, u64)| {
            let line = self.by_counter.get(name);
            line.and_then(Wishing::first) == Some(number)
        };
        wished.lines.iter().all(first)
    }

    fn remove(&mut self, number: u64, now: Instant) -> Option<Wished> {
        let wished = self.all.remove(&number)?;
        for (name, _) in &wished.lines {
            if let Some(line) = self.by_counter.get_mut(name) {
                line.remove(number, now);
            }
        }
        Some(wished)
    }

    fn look_who_is_gone(&mut self) {
        let is_gone = |wished: &Wished| wished.waiting.wish.as_ref().is_none_or(|it| it.is_gone());
        let gone = self.all.iter().filter(|(_, wished)| is_gone(wished));
        let gone: Vec<_> = gone.map(|(number, _)| *number).collect();
        for number in gone {
            if let Some((_, wished)) = self.all.remove_entry(&number) {
                for (name, _) in &wished.lines {
                    if let Some(line) = self.by_counter.get_mut(name) {
                        line.leave(number);
                    }
                }
                wished.waiting.tell(Ok(()));
            }
        }
        self.looked = self.all.len() * 2;
    }

    /// Who has waited long enough for others has waited in vain: they are told, unless there is room just now. And so are those
    /// of a counter for which there is no room at all.
    pub(super) fn refuse_late(&mut self, taken: &mut Vec<Waiting>, limits: &Limits, now: Now) {
        let late = self.all.iter();
        let late = late.take_while(|(_, it)| it.until <= now.instant);
        let in_vain = |(number, wished): &(&u64, &Wished)| {
            let mut lines = wished.lines.iter();
            lines.all(|(name, round)| {
                let line = self.by_counter.get(name);
                line.is_none_or(|line| line.is_crowded() || line.is_vain(**number, *round))
            })
        };
        let late: Vec<_> = late.filter(in_vain).map(|(number, _)| *number).collect();
        for number in late {
            let crowded = self.all.get(&number).is_some_and(|wished| {
                let mut lines = wished.lines.iter();
                lines.any(|(name, _)| self.by_counter.get(name).is_some_and(Wishing::is_crowded))
            });
            let Some(mut wished) = self.remove(number, now.instant) else {
                continue;
            };
            let Some(wish) = wished.waiting.wish.clone() else {
                continue;
            };
            if crowded {
                let full = StoreError::Full("of too many limits something is leased".into());
                wished.waiting.tell(Err(full));
                continue;
            }
            wish.refuse(limits);
            match wish.take(limits) {
                Tried::Taken => {
                    wished.waiting.shares = wish.taken();
                    taken.push(wished.waiting);
                }
                Tried::Short(_) | Tried::Over => wished.waiting.tell(Ok(())),
            }
        }
    }

    /// Nothing will ever be leased.
    pub(super) fn refuse_all(&mut self, why: &StoreError) {
        self.by_counter.clear();
        for (_, wished) in std::mem::take(&mut self.all) {
            wished.waiting.tell(Err(why.again()));
        }
    }

    /// Of which counters something is to be asked now, and what: for the first who waits, and for all.
    pub(super) fn wants(&self, now: Instant, most: usize) -> Vec<(String, Want)> {
        let wants = self.by_counter.iter();
        let wants = wants.filter_map(|(name, line)| Some((name.clone(), line.want(now)?)));
        wants.take(most).collect()
    }

    /// That was asked.
    pub(super) fn asked(&mut self, counter: &str) {
        if let Some(line) = self.by_counter.get_mut(counter) {
            line.asked();
        }
    }

    /// It was answered, or not.
    pub(super) fn answered(&mut self, counter: &str, heard: bool, now: Instant) {
        if let Some(line) = self.by_counter.get_mut(counter) {
            line.answered(heard, now);
        }
    }

    /// There is no room for one more lease, for now.
    pub(super) fn is_crowded(&mut self, counter: &str, now: Instant) {
        if let Some(line) = self.by_counter.get_mut(counter) {
            line.crowd(now);
        }
    }
}

/// How long a counter of which there is too little is left alone: twice as long each time, up to the last.
pub(super) fn again(pause: Duration) -> Duration {
    const AGAIN: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(250)];
    (pause * 2).clamp(AGAIN[0], AGAIN[1])
}
