//! One count of one rule, and what changes it.

use std::sync::Arc;
use std::time::Duration;

use super::exceeded::Exceeded;
use super::level::Level;
use super::moment::At;
use super::rule::Rule;
use super::share::Counted;
use super::tally::{Place, Room, Tally};
use super::unit::Unit;

/// What is used and what is held, and how much may be.
#[derive(Debug)]
pub(super) struct Counter {
    rule: Arc<Rule>,
    tally: Tally,
    /// Of what is under way and was not put into the tally.
    held: u64,
    /// Is it counted by several processes?
    leased: Option<Leased>,
    /// The last threshold that was told; zero: none.
    told: u8,
}

/// What of a counter that several processes share is known here, of the window that is on.
#[derive(Clone, Copy, Debug, Default)]
struct Leased {
    /// Of those that count the same, which one; none of those that [one has of its own](super::Limits::set_rules).
    nth: Option<usize>,
    /// So much may be taken here.
    granted: u64,
    /// What others have used and hold, and when that was told.
    elsewhere: (u64, u64),
    told: Option<u64>,
    /// What was used here beyond what was held for it.
    over: u64,
    /// Of what was granted, so much is for those who wait for more.
    aside: u64,
    /// Is its rule gone? Should it come back, another one counts what is under way.
    gone: bool,
}

/// So many percents of a limit have been used. What was told is not told again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crossed {
    pub(super) percent: u8,
    pub(super) level: Level,
}

/// A threshold is told again if it was so many percents less meanwhile.
const REARMED: u64 = 10;
/// When a claim is over, nobody knows; whoever waits for one comes back after this time.
const SOON: Duration = Duration::from_secs(1);
/// For so long what others had is taken to be what they have, in nanoseconds: whoever is refused is not told sooner that more
/// is left, and nobody is asked more often.
const FRESH: u64 = 1_000_000_000;

// === impl Counter ===

impl Counter {
    pub(super) fn new(rule: Arc<Rule>, at: At) -> Self {
        Self {
            tally: Tally::new(rule.window(), rule.limit(), at),
            rule,
            held: 0,
            leased: None,
            told: 0,
        }
    }

    pub(super) fn rule(&self) -> &Arc<Rule> {
        &self.rule
    }

    /// From now on so much may be used: by a rule that counts the same.
    pub(super) fn set_rule(&mut self, rule: Arc<Rule>) {
        self.tally.set(rule.window(), rule.limit());
        if let Some(leased) = self
            .leased
            .as_mut()
            .filter(|_| rule.limit() < self.rule.limit())
        {
            // How much of less is for here, whoever keeps it says anew.
            leased.granted = 0;
        }
        self.rule = rule;
    }

    /// From now on nothing is taken here that was not granted, if its rule can be shared.
    ///
    /// Of those rules that count the same it is that one; none of those that one has of its own.
    pub(super) fn share(&mut self, nth: Option<usize>) {
        if self.leased.is_none() && self.rule.can_be_shared() {
            let leased = Leased::default();
            self.leased = Some(Leased { nth, ..leased });
        }
    }

    /// Its rule is gone: what was used here until now was, and nothing more counts.
    pub(super) fn end(&mut self) {
        if let Some(leased) = &mut self.leased {
            (leased.gone, leased.granted, self.held) = (true, 0, 0);
        }
    }

    pub(super) fn nth(&self) -> Option<usize> {
        self.leased.and_then(|leased| leased.nth)
    }

    pub(super) fn is_shared(&self) -> bool {
        self.leased.is_some()
    }

    /// What is counted here, in which window.
    pub(super) fn counted(&mut self, at: At) -> Counted {
        self.advance(at);
        Counted {
            window: self.tally.place().at,
            ends: self.tally.ends(),
            limit: self.rule.limit(),
            used: self.tally.used(at),
            held: self.held,
            over: self.leased.map_or(0, |leased| leased.over),
        }
    }

    /// So much may be used and held here, and others have so much, unless another window is on.
    pub(super) fn grant(
        &mut self,
        window: u64,
        granted: u64,
        elsewhere: Option<(u64, u64)>,
        at: At,
    ) {
        self.advance(at);
        let is_on = self.tally.place().at == window;
        if let Some(leased) = self.leased.as_mut().filter(|_| is_on) {
            leased.granted = granted;
            if let Some(elsewhere) = elsewhere {
                (leased.elsewhere, leased.told) = (elsewhere, Some(at.nanos));
            }
        }
    }

    /// In this window so much more is for those who wait for more, or so much less.
    pub(super) fn set_aside(&mut self, window: u64, more: u64, less: u64) {
        let is_on = self.tally.place().at == window;
        if let Some(leased) = self.leased.as_mut().filter(|_| is_on) {
            leased.aside = leased.aside.saturating_add(more).saturating_sub(less);
        }
    }

    /// Is there room for so much? What is set aside is for whoever has waited.
    pub(super) fn check(&mut self, amount: u64, has_waited: bool, at: At) -> Result<(), Exceeded> {
        self.advance(at);
        let most = self.tally.most(self.rule.limit());
        let ceiling = self.ceiling(has_waited);
        if let Tally::Bucket(bucket) = &self.tally {
            return match bucket.earliest(amount) <= at.nanos || amount == 0 {
                true => Ok(()),
                false => Err(self.exceeded(amount, self.tally.room(0, amount, at), at)),
            };
        }
        let counted = i128::from(self.tally.used(at)) + i128::from(self.held);
        let (used, held) = self.leased.map_or((0, 0), |leased| leased.known(at));
        let mut wanted = counted + i128::from(amount);
        // Who owes money is refused also what is free, as at OpenRouter; who has merely used all up is not.
        let owes =
            self.rule.unit() == Unit::Money && self.tally.used(at).saturating_add(used) > most;
        if (amount == 0 && !owes) || wanted <= i128::from(ceiling) {
            return Ok(());
        }
        wanted += i128::from(used) + i128::from(held);
        if wanted <= i128::from(most) {
            let room = Room {
                after: Some(SOON),
                at: None,
            };
            return Err(self.exceeded(amount, room, at).leasable());
        }
        let more = u64::try_from(wanted - i128::from(most)).unwrap_or(u64::MAX);
        let mut room = self.tally.room(more, amount, at);
        let held = i128::from(self.held) + i128::from(held);
        let settled = wanted - held <= i128::from(most);
        if amount > most {
            // Never.
            room.after = None;
        } else if settled {
            room.after = room.after.map_or(Some(SOON), |after| Some(after.min(SOON)));
        }
        Err(self.exceeded(amount, room, at))
    }

    /// Takes so much, which fits, and tells where it is.
    pub(super) fn take(&mut self, amount: u64, at: At) -> (Place, Option<Crossed>) {
        self.advance(at);
        if self.rule.unit().is_held() {
            self.held = self.held.saturating_add(amount);
            return (self.tally.place(), self.crossed(at));
        }
        let place = self.tally.add(amount, at);
        (place, self.crossed(at))
    }

    /// Takes so much that was let in then, before there was a count, whether there is room or not.
    pub(super) fn take_then(&mut self, amount: u64, then: At, now: At) -> (Place, Option<Crossed>) {
        self.advance(now);
        let place = if self.rule.unit().is_held() {
            self.held = self.held.saturating_add(amount);
            self.tally.place_of(then)
        } else {
            self.tally.add_then(amount, then, now)
        };
        (place, self.crossed(now))
    }

    /// So much was used of what was taken there.
    pub(super) fn settle(
        &mut self,
        place: Place,
        amount: u64,
        used: u64,
        at: At,
    ) -> Option<Crossed> {
        self.advance(at);
        self.put(place, amount, used);
        self.crossed(at)
    }

    /// Nothing was used of it.
    pub(super) fn give_back(&mut self, place: Place, amount: u64) {
        self.put(place, amount, 0);
    }

    fn put(&mut self, place: Place, amount: u64, used: u64) {
        if self.leased.is_some_and(|leased| leased.gone) {
            return;
        }
        let used = self.lasting(used);
        if self.rule.unit().is_held() {
            self.held = self.held.saturating_sub(amount);
            if let Some(leased) = &mut self.leased
                && self.tally.place() == place
            {
                leased.over = leased.over.saturating_add(used.saturating_sub(amount));
            }
            self.tally.correct(place, 0, used);
        } else {
            self.tally.correct_late(place, amount, used);
        }
    }

    /// Adds what was used then, whether there is room or not; but for what several processes count, of which whoever keeps
    /// it knows.
    pub(super) fn charge(&mut self, amount: u64, then: At, now: At) -> Option<Crossed> {
        self.advance(now);
        if self.is_shared() {
            return None;
        }
        self.tally.charge(self.lasting(amount), then);
        self.crossed(now)
    }

    pub(super) fn level(&mut self, at: At) -> Level {
        self.advance(at);
        self.level_now(at)
    }

    /// Would a new one be the same?
    pub(super) fn is_idle(&mut self, at: At) -> bool {
        self.advance(at);
        let granted = self.leased.map_or(0, |leased| leased.granted);
        self.held == 0 && granted == 0 && self.tally.used(at) == 0
    }

    fn level_now(&self, at: At) -> Level {
        let (used, held) = self.leased.map_or((0, 0), |leased| leased.elsewhere);
        Level {
            rule: self.rule.clone(),
            most: self.tally.most(self.rule.limit()),
            used: self.tally.used(at).saturating_add(used),
            held: self.held.saturating_add(held),
            resets_at: self.tally.resets_at(at),
        }
    }

    fn advance(&mut self, at: At) {
        if self.tally.advance(at) {
            // What was granted was for the window that is over.
            if let Some(leased) = &mut self.leased {
                *leased = Leased {
                    nth: leased.nth,
                    gone: leased.gone,
                    ..Leased::default()
                };
            }
        }
    }

    fn ceiling(&self, has_waited: bool) -> u64 {
        let most = self.tally.most(self.rule.limit());
        match self.leased {
            Some(leased) if has_waited => most.min(leased.granted),
            Some(leased) => most.min(leased.granted.saturating_sub(leased.aside)),
            None => most,
        }
    }

    /// So much of what was used counts when it is over: of what was under way nothing.
    fn lasting(&self, used: u64) -> u64 {
        match self.rule.unit() {
            Unit::Concurrency => 0,
            Unit::Money | Unit::Requests | Unit::Tokens => used,
        }
    }

    fn exceeded(&self, needed: u64, room: Room, at: At) -> Exceeded {
        Exceeded::new(self.level_now(at), needed, room)
    }

    /// The highest threshold that was crossed and has not been told.
    fn crossed(&mut self, at: At) -> Option<Crossed> {
        if self.rule.thresholds().is_empty() {
            return None;
        }
        let level = self.level_now(at);
        let percent = level.percent();
        let thresholds = self.rule.thresholds();
        while self.told > 0 && percent + REARMED <= self.told.into() {
            let lower = thresholds.iter().rev().find(|it| **it < self.told);
            self.told = lower.copied().unwrap_or(0);
        }
        let is_reached = |threshold: &&u8| u64::from(**threshold) <= percent;
        let reached = thresholds.iter().rev().find(is_reached);
        let percent = *reached.filter(|threshold| **threshold > self.told)?;
        self.told = percent;
        Some(Crossed { percent, level })
    }
}

// === impl Leased ===

impl Leased {
    /// What others have, as far as it is worth believing.
    fn known(&self, at: At) -> (u64, u64) {
        let fresh = self
            .told
            .is_some_and(|told| at.nanos < told.saturating_add(FRESH));
        match fresh {
            true => self.elsewhere,
            false => (0, 0),
        }
    }
}
