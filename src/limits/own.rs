//! Rules that come and go.

use std::collections::HashMap;
use std::ops::DerefMut;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::counter::Counter;
use super::moment::{At, Now};
use super::rule::Rule;
use super::scope::Scope;
use super::shared::Shared;
use super::subject::Subject;
use super::taken::Part;
use super::under_way::{Amounts, Guest, UnderWay};
use crate::catalog::Endpoint;
use crate::sync::{AtomicU64, Mutex};

/// Rules of one value each: of a key, of an account.
#[derive(Debug)]
pub(super) struct Own {
    state: Mutex<State>,
    /// By which scopes somebody has rules of its own, a bit each, and whether any looks at models: most often nobody has.
    looks: AtomicU64,
    /// Not zero: others may come, and count what is under way.
    expects: AtomicU64,
    /// Not zero: budgets are counted together with other processes.
    shares: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    by_scope: [ByValue; Scope::ALL.len()],
    /// How many of these rules look at models.
    of_models: usize,
    under_way: UnderWay,
}

type ByValue = HashMap<Box<[u8]>, Vec<Arc<Shared>>>;

/// The bit of rules that look at models.
const OF_MODELS: u64 = 1 << Scope::ALL.len();

/// What was used before, each amount at its time.
pub(super) type Past = Vec<(At, u64)>;

// === impl Own ===

impl Own {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State::default()),
            looks: AtomicU64::new(0),
            expects: AtomicU64::new(0),
            shares: AtomicU64::new(0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.looks.load(Acquire) == 0
    }

    /// Is there a rule of this scope?
    pub(super) fn looks_at(&self, scope: Scope) -> bool {
        self.looks.load(Acquire) & 1 << scope as usize != 0
    }

    /// Is there a rule that looks at models, whatever its scope?
    pub(super) fn has_models(&self) -> bool {
        self.looks.load(Acquire) & OF_MODELS != 0
    }

    pub(super) fn expect(&self) {
        self.expects.store(1, Release);
    }

    pub(super) fn share(&self) {
        self.shares.store(1, Release);
    }

    pub(super) fn shares(&self) -> bool {
        self.shares.load(Acquire) != 0
    }

    pub(super) fn expects(&self) -> bool {
        self.expects.load(Acquire) != 0
    }

    /// From now on it has these rules. What counted by a rule that counts the same goes on to count, unless all are to begin
    /// anew: what is counted together with other processes goes on even then. Another one begins with what was used before,
    /// and with what these have under way.
    pub(super) fn set(
        &self,
        (scope, value): (Scope, Box<[u8]>),
        (rules, anew): (Vec<(Rule, Past)>, bool),
        under_way: &Self,
        mut order: impl FnMut() -> u64,
        (first, now): (Instant, Now),
    ) {
        let at = At::new(now, first);
        let mut state = self.state();
        let of_models = |counts: &[Arc<Shared>]| {
            let counts = counts.iter();
            counts.filter(|it| it.lock().rule().has_models()).count()
        };
        let mut before = state.by_scope[scope as usize].remove(&value);
        let before = before.get_or_insert_default();
        state.of_models -= of_models(before);
        let name: Arc<[u8]> = value[..].into();
        let (mut after, mut new) = (Vec::with_capacity(rules.len()), Vec::new());
        for (rule, past) in rules {
            let rule = Arc::new(rule);
            let goes_on = |count: &Shared| !anew || count.lock().is_shared();
            let is_same = |count: &Arc<Shared>| count.is_of(&rule) && goes_on(count);
            let same = before.iter().position(is_same);
            after.push(match same {
                Some(place) => {
                    let count = before.swap_remove(place);
                    count.with(|counter| counter.set_rule(rule));
                    count
                }
                None => {
                    let count = Shared::new(&rule, name.clone(), order(), (first, at));
                    count.with(|counter| {
                        if self.shares() {
                            counter.share(None);
                        }
                        for (then, amount) in past {
                            counter.charge(amount, then, at);
                        }
                    });
                    new.push(count.clone());
                    count
                }
            });
        }
        before.iter().for_each(|gone| gone.with(Counter::end));
        state.of_models += of_models(&after);
        if !after.is_empty() {
            state.by_scope[scope as usize].insert(value, after);
        }
        self.looks.store(state.looks(), Release);
        if before.is_empty() && new.is_empty() {
            return;
        }
        let renew = |under_way: &mut UnderWay| {
            under_way.forget(before);
            for count in &new {
                count.tell(under_way.count_by(count, now).as_ref());
            }
        };
        // Nobody who comes meanwhile is missed by both.
        match std::ptr::eq(self, under_way) {
            true => renew(&mut state.under_way),
            false => renew(&mut under_way.state().under_way),
        }
    }

    /// While nobody comes or leaves.
    pub(super) fn renew<T>(&self, renew: impl FnOnce(&mut UnderWay) -> T) -> T {
        renew(&mut self.state().under_way)
    }

    /// Those of its rules that are of this request.
    pub(super) fn of(&self, subject: &Subject<'_>, found: impl FnMut(&Arc<Shared>)) {
        if !self.is_empty() {
            self.state().of(subject, found);
        }
    }

    /// Likewise, and from the same moment on this guest is counted by those that come: where it is found.
    pub(super) fn enter(
        &self,
        guest: Guest,
        subject: &Subject<'_>,
        found: impl FnMut(&Arc<Shared>),
    ) -> usize {
        let mut state = self.state();
        state.of(subject, found);
        state.under_way.enter(guest)
    }

    /// It is over. What it has taken of rules that came after it.
    pub(super) fn over(
        &self,
        place: usize,
        used: Amounts,
        answered: Option<Arc<Endpoint>>,
    ) -> Vec<Part> {
        self.state().under_way.over(place, used, answered)
    }

    /// It is in the books, or it has left. What it has taken of rules that came after it.
    pub(super) fn leave(&self, place: usize) -> Vec<Part> {
        self.state().under_way.leave(place)
    }

    /// One of each that count the same.
    pub(super) fn rules(&self, rules: &mut Vec<Arc<Rule>>) {
        let state = self.state();
        for count in state.by_scope.iter().flat_map(HashMap::values).flatten() {
            let rule = count.lock().rule().clone();
            if !rules.iter().any(|known| known.is_same(&rule)) {
                rules.push(rule);
            }
        }
    }

    /// Those of this value.
    pub(super) fn find(&self, scope: Scope, value: &[u8], found: impl FnMut(&Arc<Shared>)) {
        let state = self.state();
        let counts = state.by_scope[scope as usize].get(value);
        counts.into_iter().flatten().for_each(found);
    }

    fn state(&self) -> impl DerefMut<Target = State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn looks(&self) -> u64 {
        let scopes = Scope::ALL.into_iter();
        let scopes = scopes.filter(|scope| !self.by_scope[*scope as usize].is_empty());
        let scopes = scopes.fold(0, |bits, scope| bits | 1 << scope as usize);
        scopes | if self.of_models > 0 { OF_MODELS } else { 0 }
    }

    fn of(&self, subject: &Subject<'_>, mut found: impl FnMut(&Arc<Shared>)) {
        for scope in Scope::ALL {
            let counts = &self.by_scope[scope as usize];
            if counts.is_empty() {
                continue;
            }
            for value in scope.values(subject) {
                let counts = counts.get(&*value);
                counts.into_iter().flatten().for_each(&mut found);
            }
        }
    }
}
