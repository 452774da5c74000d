//! A store that keeps leases as well, in memory: it can be away, and it counts what it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use switchtower::GenerationId;
use switchtower::settle::lease::{Ask, Drawn, Grant, Leased, Lessor, Life, Replica, Shared, Told};
use switchtower::settle::store::{
    Credit, CreditQuery, Document, Entry, HoldRow, MemoryStore, Owned, Row, RowQuery, Spend,
    SpendQuery, Store, StoreError,
};

/// A store that keeps leases as well.
#[derive(Default)]
pub(crate) struct House {
    books: MemoryStore,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) away: bool,
    pub(crate) counters: BTreeMap<String, Shared>,
    /// The limit that was told last.
    pub(crate) limit: u64,
    pub(crate) asks: usize,
    /// How often sums were read.
    pub(crate) reads: usize,
    pub(crate) commits: usize,
    lives: BTreeMap<String, u64>,
    /// So many asks from now on fail.
    pub(crate) deaf: usize,
    /// Whoever has this name asks in vain.
    pub(crate) deaf_to: Option<&'static str>,
    /// After so many commits that lapsed, one is not heard of.
    pub(crate) lapsed: Option<usize>,
    /// Whoever asks for a lease hears nothing until this is over.
    pub(crate) slow: bool,
    /// How many have heard nothing.
    pub(crate) waited: usize,
    /// Somebody has locked these counters, or the leases on them as well.
    pub(crate) locked: BTreeSet<String>,
    pub(crate) all_locked: bool,
    /// How often somebody was told so.
    pub(crate) busy: usize,
    /// It panics when it is asked for a lease.
    pub(crate) panics: bool,
}

// === impl House ===

impl House {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Whoever has heard nothing goes on.
    pub(crate) fn answer(&self) {
        self.state().slow = false;
        self.changed.notify_all();
    }

    pub(crate) fn books(&self) -> &MemoryStore {
        &self.books
    }

    /// Is it there?
    fn here(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        match state.away {
            true => Err(StoreError::Away("it was told to be".into())),
            false => Ok(state),
        }
    }
}

// === impl State ===

impl State {
    /// The only counter.
    pub(crate) fn counter(&self) -> &Shared {
        let mut all = self.counters.values();
        let one = all.next().expect("there is one");
        assert!(all.next().is_none(), "{:?}", self.counters.keys());
        one
    }

    /// What is recorded of all.
    pub(crate) fn drawn(&self) -> u64 {
        let drawn = self.counter().leases.iter().map(Leased::drawn);
        self.counter().opening + drawn.sum::<u64>()
    }

    /// All that is leased goes to somebody else, as if it had expired.
    pub(crate) fn take_back(&mut self) {
        let limit = self.limit;
        for counter in self.counters.values_mut() {
            counter.leases.iter_mut().for_each(Leased::reclaim);
            counter.opening += counter.left(limit);
        }
    }

    /// What is left of the only counter is leased by somebody else.
    pub(crate) fn give_the_rest_away(&mut self, limit: u64) {
        for counter in self.counters.values_mut() {
            counter.leases.push(Leased {
                replica: Replica {
                    name: "other".to_owned(),
                    life: 1,
                },
                granted: counter.left(limit),
                reserve: 0,
                told: Told::default(),
                expires: SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40),
            });
        }
    }

    /// And given back.
    pub(crate) fn give_back(&mut self) {
        for counter in self.counters.values_mut() {
            counter.leases.retain(|lease| lease.replica.name != "other");
        }
    }

    fn check(&self) {
        for (name, counter) in &self.counters {
            let over = counter.leases.iter().map(|lease| lease.told.spent.over);
            let granted: u64 = counter.leases.iter().map(|lease| lease.granted).sum();
            let drawn: u64 = counter.leases.iter().map(Leased::drawn).sum();
            assert!(drawn <= granted, "{name}: {counter:?}");
            let most = self.limit + over.sum::<u64>();
            assert!(counter.opening + drawn <= most, "{name}: {counter:?}");
        }
    }

    /// Has somebody locked some of these?
    fn busy<'a>(&mut self, names: impl Iterator<Item = &'a String>) -> Result<(), StoreError> {
        let locked = names.filter(|name| self.locked.contains(*name));
        let locked: Vec<_> = locked.cloned().collect();
        if locked.is_empty() {
            return Ok(());
        }
        self.busy += 1;
        Err(StoreError::Busy(locked))
    }

    fn draw(&mut self, all: &[&Drawn]) -> Result<(), StoreError> {
        if self.all_locked {
            self.busy(all.iter().map(|drawn| &drawn.counter))?;
        }
        let mut counters = self.counters.clone();
        for drawn in all {
            let lapsed = || StoreError::Lapsed(drawn.counter.clone());
            let counter = counters.get_mut(&drawn.counter).ok_or_else(lapsed)?;
            let mut leases = counter.leases.iter_mut();
            let lease = leases.find(|lease| lease.replica == drawn.replica);
            match lease {
                Some(lease) => lease.record(drawn).map_err(|_| lapsed())?,
                None if drawn.is_settled => {}
                None => return Err(lapsed()),
            }
        }
        self.counters = counters;
        Ok(())
    }
}

impl Lessor for House {
    fn enlist(&self, name: &str) -> Result<Replica, StoreError> {
        let mut state = self.here()?;
        let life = state.lives.entry(name.to_owned()).or_default();
        *life += 1;
        Ok(Replica {
            name: name.to_owned(),
            life: *life,
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "whoever keeps counters has a clock"
    )]
    fn ask(&self, replica: &Replica, asks: &[Ask]) -> Result<Vec<Option<Grant>>, StoreError> {
        let mut state = self.here()?;
        if state.slow {
            state.waited += 1;
            while state.slow {
                state = self.changed.wait(state).unwrap();
            }
        }
        if state.panics {
            drop(state);
            panic!("it was told to");
        }
        if state.deaf > 0 {
            state.deaf -= 1;
            return Err(StoreError::Away("it was told to be".into()));
        }
        if state.deaf_to == Some(&*replica.name) {
            state.waited += 1;
            return Err(StoreError::Away("it was told to be".into()));
        }
        if state.lives[&replica.name] != replica.life {
            return Err(StoreError::Taken(replica.name.clone()));
        }
        state.busy(asks.iter().map(|ask| &ask.counter))?;
        state.asks += 1;
        let mut grants = Vec::new();
        for ask in asks {
            state.limit = ask.limit;
            if ask.opening.is_some() {
                // What is in the books it finds.
                let new = || Shared::new(0);
                state
                    .counters
                    .entry(ask.counter.clone())
                    .or_insert_with(new);
            }
            let lapsed = |_| StoreError::Lapsed(ask.counter.clone());
            let counter = state.counters.get_mut(&ask.counter);
            let grant = counter.map(|counter| counter.ask(replica, ask, SystemTime::now()));
            grants.push(grant.transpose().map_err(lapsed)?);
        }
        Ok(grants)
    }

    fn wanted(&self, replica: &Replica) -> Result<Vec<String>, StoreError> {
        let state = self.here()?;
        let wanted = state.counters.iter().filter(|(_, counter)| {
            let mine = |lease: &Leased| lease.replica == *replica && lease.granted > lease.drawn();
            counter.wanted && counter.leases.iter().any(mine)
        });
        Ok(wanted.map(|(name, _)| name.clone()).collect())
    }

    fn counter(&self, name: &str) -> Result<Option<Shared>, StoreError> {
        Ok(self.here()?.counters.get(name).cloned())
    }

    fn lives(&self) -> Result<Vec<Life>, StoreError> {
        Ok(Vec::new())
    }

    fn release(&self, replica: &Replica) -> Result<u64, StoreError> {
        let mut state = self.here()?;
        for counter in state.counters.values_mut() {
            counter.release(replica);
        }
        Ok(0)
    }

    fn forget(&self, _: SystemTime) -> Result<(), StoreError> {
        self.here().map(drop)
    }
}

impl Store for House {
    fn own(&self, replica: &str) -> Result<Owned, StoreError> {
        self.books.own(replica)
    }

    fn commit(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut state = self.here()?;
        let drawn: Vec<_> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Drawn(drawn) => Some(drawn),
                _ => None,
            })
            .collect();
        if let Some(0) = state.lapsed {
            state.lapsed = None;
            return Err(StoreError::Away("it was told to be".into()));
        }
        if let Err(error) = state.draw(&drawn) {
            state.lapsed = state.lapsed.map(|more| more - 1);
            return Err(error);
        }
        state.check();
        state.commits += 1;
        self.books.commit(entries)
    }

    fn row(&self, id: &GenerationId) -> Result<Option<Row>, StoreError> {
        self.books.row(id)
    }

    fn rows(&self, query: &RowQuery) -> Result<Vec<Row>, StoreError> {
        self.books.rows(query)
    }

    fn spend(&self, query: &SpendQuery) -> Result<Vec<Spend>, StoreError> {
        self.state().reads += 1;
        self.books.spend(query)
    }

    fn holds_after(
        &self,
        after: Option<&GenerationId>,
        limit: usize,
    ) -> Result<Vec<HoldRow>, StoreError> {
        self.books.holds_after(after, limit)
    }

    fn credits_after(&self, query: &CreditQuery) -> Result<Vec<Credit>, StoreError> {
        self.books.credits_after(query)
    }

    fn documents_after(
        &self,
        kind: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        self.books.documents_after(kind, after, limit)
    }

    fn prune(&self, before: SystemTime, most: usize) -> Result<u64, StoreError> {
        self.books.prune(before, most)
    }

    fn lessor(self: Arc<Self>) -> Option<Arc<dyn Lessor>> {
        Some(self)
    }
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("House")
    }
}
