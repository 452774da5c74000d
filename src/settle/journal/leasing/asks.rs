//! What is asked of the counters, and what comes of it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::asker::{Answer, Asked, Asking, Question};
use super::leases::Leases;
use crate::limits::Now;
use crate::settle::lease::{Want, Wanting};

/// What is done when nobody waits for a lease, or every other time?
#[derive(Debug)]
pub(super) enum Chore {
    /// It is heard what others want.
    Hear,
    /// These are renewed, given back, or asked for as it is said.
    Ask(Vec<(String, Want)>),
    /// What is over is forgotten.
    Forget,
}

/// What is to be done besides, and whether it is its turn.
#[derive(Debug, Default)]
pub(super) struct Chores {
    all: VecDeque<Chore>,
    are_next: bool,
    /// When it was looked who is used least.
    crowded: Option<Instant>,
}

/// So many counters are asked for in one transaction, at most.
const AT_ONCE: usize = 256;
/// So long what is over is kept.
const FORGET: Duration = Duration::from_secs(86_400);
/// How often it is looked who is used least, when there are too many.
const CROWDED: Duration = Duration::from_millis(50);

// === impl Leases ===

impl Leases {
    /// These are to be asked for.
    pub(super) fn want(&mut self, wants: &[(String, Want)]) {
        let chores = wants.chunks(AT_ONCE).map(|some| Chore::Ask(some.to_vec()));
        self.chores.all.extend(chores);
    }

    pub(super) fn ask_next(&mut self, now: Now) {
        for chore in [self.chores.are_next, !self.chores.are_next] {
            while !self.asker.is_busy() && self.over.is_none() {
                self.chores.are_next = !chore;
                let wants = match (chore, chore.then(|| self.chores.all.pop_front())) {
                    (true, Some(Some(Chore::Hear))) => {
                        self.asker.ask(Question::Wanted);
                        break;
                    }
                    (true, Some(Some(Chore::Forget))) => {
                        if let Some(before) = now.wall.checked_sub(FORGET) {
                            self.asker.ask(Question::Forget(before));
                        }
                        break;
                    }
                    (true, Some(Some(Chore::Ask(wants)))) => wants,
                    (true, _) => break,
                    (false, _) => self.wants(now),
                };
                if wants.is_empty() {
                    break;
                }
                self.ask(&wants, now);
            }
        }
    }

    /// What those who wait need, of each counter all at once.
    fn wants(&mut self, now: Now) -> Vec<(String, Want)> {
        let lapsed = self.stalled.wants(now.instant, AT_ONCE).into_iter();
        let anew = Want::Exactly { least: 0, all: 0 };
        let mut wants: Vec<_> = lapsed.map(|name| (name, anew)).collect();
        let more = self.wishes.wants(now.instant, AT_ONCE);
        let is_new = |(name, _): &(String, Want)| !self.stalled.has(name);
        wants.extend(more.into_iter().filter(is_new));
        wants.truncate(AT_ONCE);
        wants
    }

    /// Asks. Meanwhile what is leased is spent, but for what may have to be given back.
    fn ask(&mut self, wants: &[(String, Want)], now: Now) {
        for name in self.counters.came_back() {
            self.keeper.look_anew(&name);
        }
        let (mut asking, mut is_crowded) = (Vec::with_capacity(wants.len()), false);
        for (name, want) in wants {
            self.wishes.asked(name);
            self.stalled.asked(name);
            let Some(counter) = self.counters.get(name) else {
                continue;
            };
            let Some((spent, limit, opening)) = counter.hold_back(now) else {
                continue;
            };
            let wanting = Wanting {
                counter: name,
                spent,
                want: *want,
                limit,
            };
            let ask = self.keeper.ask(wanting, now.instant);
            counter.grant(self.keeper.ceiling(name, now.instant), None, now);
            match ask {
                Some(ask) => asking.push(Asking {
                    ask,
                    opening: self.keeper.is_unread(name).then_some(opening),
                }),
                None => {
                    self.wishes.is_crowded(name, now.instant);
                    self.stalled.answered(name, false, now.instant);
                    is_crowded = true;
                }
            }
        }
        if is_crowded {
            self.make_room(now);
        }
        if !asking.is_empty() {
            self.asker.ask(Question::Leases(asking, now.instant));
        }
    }

    /// Those that nobody uses are forgotten, or given back, whoever was used least recently first.
    fn make_room(&mut self, now: Now) {
        let since = |then: Instant| now.instant.saturating_duration_since(then);
        if self
            .chores
            .crowded
            .is_some_and(|then| since(then) < CROWDED)
        {
            return;
        }
        self.chores.crowded = Some(now.instant);
        let (mut forgotten, mut back) = (0, Vec::new());
        for name in self.counters.idle(now) {
            if self.wishes.has(&name) || self.stalled.has(&name) {
                continue;
            }
            if forgotten + back.len() >= AT_ONCE {
                break;
            }
            let counter = self.counters.get(&name);
            let Some((counter, (spent, ..))) =
                counter.and_then(|it| Some((it, it.hold_back(now)?)))
            else {
                continue;
            };
            if self.keeper.has_nothing(&name, spent) {
                let before = self.keeper.len();
                self.keeper.forget(&name);
                self.counters.forget_one(&name);
                forgotten += before - self.keeper.len();
            } else {
                counter.grant(self.keeper.ceiling(&name, now.instant), None, now);
                back.push((name, Want::Nothing));
            }
        }
        if forgotten == 0 && !back.is_empty() {
            self.chores.all.push_front(Chore::Ask(back));
            self.chores.are_next = true;
        }
    }

    pub(super) fn answered(&mut self, answer: Answer, now: Now) {
        match answer {
            Answer::Leases(all, at) => {
                self.failing = false;
                // What was given back may make room.
                self.chores.crowded = None;
                for (ask, asked) in all {
                    let (heard, elsewhere) = match asked {
                        Asked::Granted(grant) => {
                            self.keeper.granted(&ask, grant, at);
                            let elsewhere = grant.map(|grant| (grant.charged, grant.held));
                            (grant.is_some(), elsewhere)
                        }
                        Asked::Busy => {
                            self.keeper.unasked(&ask.counter);
                            (false, None)
                        }
                    };
                    self.granted(&ask.counter, heard, elsewhere, now);
                }
            }
            Answer::Failed(asks, error) => {
                for ask in asks {
                    self.granted(&ask.counter, false, None, now);
                }
                self.told(Err(error));
            }
            Answer::Wanted(Ok(wanted)) => {
                for name in wanted {
                    self.keeper.wanted(&name);
                }
                self.renew(now);
            }
            Answer::Wanted(Err(error)) => {
                self.told(Err(error));
                self.renew(now);
            }
            Answer::Forgot(forgot) => self.told(forgot),
        }
    }

    fn granted(&mut self, name: &str, heard: bool, elsewhere: Option<(u64, u64)>, now: Now) {
        self.wishes.answered(name, heard, now.instant);
        self.stalled.answered(name, heard, now.instant);
        if let Some(counter) = self.counters.get(name) {
            let ceiling = self.keeper.ceiling(name, now.instant);
            counter.grant(ceiling, elsewhere, now);
        }
    }

    fn renew(&mut self, now: Now) {
        let mut due = Vec::new();
        for (name, counter) in self.counters.iter() {
            if let Some((spent, limit)) = counter.spent(now)
                && self.keeper.is_due(name, spent, limit.amount, now.instant)
            {
                due.push((name.clone(), Want::Renewal));
            }
        }
        self.want(&due);
    }
}

// === impl Chores ===

impl Chores {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn add(&mut self, chore: Chore) {
        self.all.push_back(chore);
    }
}
