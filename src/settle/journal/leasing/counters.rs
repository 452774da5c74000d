//! What of the limits is counted here, by the counters that several processes share.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Instant;

use super::opening::Opening;
use crate::limits::{Counted, Now, Share};
use crate::settle::lease::{Limit, Spent};

/// All counters of which something is counted here, in the windows that are on.
#[derive(Debug, Default)]
pub(super) struct Counters {
    by_name: HashMap<String, Counter>,
    /// By a share and its window.
    names: HashMap<(u64, u64), String>,
    came_back: HashSet<String>,
}

/// What counts by one counter here.
#[derive(Debug)]
pub(super) struct Counter {
    window: u64,
    share: Share,
    /// What was spent by those before, whose rule was gone for a while.
    before: Spent,
    /// When somebody has looked for it last.
    used: Instant,
}

// === impl Counters ===

impl Counters {
    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Counter> {
        self.by_name.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Counter)> {
        self.by_name.iter()
    }

    /// The name of its counter, of the window that is on.
    pub(super) fn name(&mut self, share: &Share, now: Now) -> &str {
        let window = share.counted(now).window;
        let name = self
            .names
            .entry((share.id(), window))
            .or_insert_with(|| share.name(window));
        match self.by_name.get_mut(name) {
            Some(known) if known.share.id() < share.id() => {
                known.used = now.instant;
                known.follow(share, now);
                self.came_back.insert(name.clone());
            }
            Some(known) => known.used = now.instant,
            None => {
                let counter = Counter {
                    window,
                    share: share.clone(),
                    before: Spent::default(),
                    used: now.instant,
                };
                self.by_name.insert(name.clone(), counter);
            }
        }
        name
    }

    /// Those of which the rule was gone for a while: nobody here has counted what was spent meanwhile.
    pub(super) fn came_back(&mut self) -> HashSet<String> {
        std::mem::take(&mut self.came_back)
    }

    /// The names of all their counters, each once.
    pub(super) fn names<'a>(
        &mut self,
        shares: impl Iterator<Item = &'a Share>,
        now: Now,
    ) -> BTreeSet<String> {
        let (mut seen, mut names) = (HashSet::new(), BTreeSet::new());
        for share in shares {
            if seen.insert(share.id()) {
                names.insert(self.name(share, now).to_owned());
            }
        }
        names
    }

    /// Those that nobody holds anything of, whoever was used least recently first.
    pub(super) fn idle(&self, now: Now) -> Vec<String> {
        let idle = self.by_name.iter().filter(|(_, counter)| {
            let spent = counter.spent(now);
            counter.before == Spent::default() && spent.is_some_and(|(spent, _)| spent.held == 0)
        });
        let mut idle: Vec<_> = idle.map(|(name, counter)| (counter.used, name)).collect();
        idle.sort_unstable();
        idle.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// Nobody uses this one.
    pub(super) fn forget_one(&mut self, name: &str) {
        if let Some(counter) = self.by_name.remove(name) {
            self.names.remove(&(counter.share.id(), counter.window));
        }
    }

    /// Forgets those whose windows are over, and tells which.
    pub(super) fn forget(&mut self, now: Now, mut tell: impl FnMut(&str)) {
        let before = self.by_name.len();
        self.by_name.retain(|name, counter| {
            let is_on = counter.is_on(now);
            if !is_on {
                tell(name);
            }
            is_on
        });
        if self.by_name.len() < before {
            let counters = &self.by_name;
            self.names.retain(|_, name| counters.contains_key(name));
        }
    }
}

// === impl Counter ===

impl Counter {
    /// From now on this one counts, what is under way as well.
    fn follow(&mut self, share: &Share, now: Now) {
        let counted = self.share.counted(now);
        if counted.window == self.window {
            self.before.add(spent_of(&counted));
        }
        self.share = share.clone();
    }

    /// Is its window on?
    fn is_on(&self, now: Now) -> bool {
        self.share.counted(now).window == self.window
    }

    /// What is spent of it, and of how much; none once its window is over.
    pub(super) fn spent(&self, now: Now) -> Option<(Spent, Limit)> {
        self.told(&self.share.counted(now))
    }

    /// Likewise, and nothing more is taken; and how it is found what was spent of it by whomever.
    pub(super) fn hold_back(&self, now: Now) -> Option<(Spent, Limit, Opening)> {
        let counted = self.share.hold_back(now);
        let (spent, limit) = self.told(&counted)?;
        let opening = Opening {
            share: self.share.clone(),
            now,
            counted,
        };
        Some((spent, limit, opening))
    }

    fn told(&self, counted: &Counted) -> Option<(Spent, Limit)> {
        let mut spent = self.before;
        spent.add(spent_of(counted));
        let limit = Limit {
            amount: counted.limit,
            ends: counted.ends,
        };
        (counted.window == self.window).then_some((spent, limit))
    }

    /// It takes what there is, less what was spent before it.
    pub(super) fn grant(&self, ceiling: u64, elsewhere: Option<(u64, u64)>, now: Now) {
        let ceiling = ceiling.saturating_sub(self.before.drawn());
        let before = |(used, held): (u64, u64)| (used.saturating_add(self.before.charged), held);
        self.share
            .grant(self.window, ceiling, elsewhere.map(before), now);
    }
}

fn spent_of(counted: &Counted) -> Spent {
    Spent {
        charged: counted.used,
        held: counted.held,
        over: counted.over,
    }
}
