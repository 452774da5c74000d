//! A store that can be shut and can fail, and what is written to it.

use std::future::poll_fn;
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use switchtower::settle::store::{
    Credit, CreditKind, Document, Entry, MemoryStore, Row, RowQuery, Store, StoreError,
};
use switchtower::settle::{App, Attempts, Claim, Journal, JournalSettings, Ledger, Record};
use switchtower::testing::{Question, WatchedStore};
use switchtower::wire::Operation;
use switchtower::{Call, End, GenerationId, Money, Usage};

pub(crate) fn settings() -> JournalSettings {
    JournalSettings::default().patience(Duration::MAX)
}

pub(crate) fn open(store: &Arc<Shaky>, settings: JournalSettings) -> Journal {
    Journal::open(store.store(), settings).unwrap()
}

pub(crate) async fn slot(journal: &Journal) -> <Journal as Ledger>::Slot {
    let mut journal = journal.clone();
    poll_fn(|cx| journal.poll_slot(cx)).await.unwrap()
}

/// Polls once.
pub(crate) fn now<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn id(number: u64) -> GenerationId {
    format!("gen-1795608000-{number:020}").parse().unwrap()
}

pub(crate) fn at(number: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_608_000 + number)
}

pub(crate) fn claim(number: u64) -> Claim {
    Claim {
        id: id(number),
        created: at(number),
        caller: None,
        model: Some("acme/large".into()),
        user: None,
        tag: None,
        amount: Money::from_picodollars(7),
        apart: vec![],
        call: Call::new(std::time::Instant::now(), at(number), number),
    }
}

pub(crate) fn record(number: u64) -> Record {
    Record {
        id: id(number),
        created: at(number),
        caller: None,
        requested: None,
        user: None,
        tag: None,
        operation: Operation::Chat,
        streamed: false,
        end: End::Complete,
        attempts: Attempts::default(),
        answered_by: None,
        usage: Usage::default(),
        charge: Some(Money::from_picodollars(5)),
        fee: Money::ZERO,
        held: Money::from_picodollars(7),
        finish: None,
        first_token: None,
        took: Duration::ZERO,
        app: App::default(),
    }
}

pub(crate) fn document() -> Document {
    Document {
        kind: "key",
        id: "a".to_owned(),
        version: 1,
        json: Some("{}".to_owned()),
    }
}

pub(crate) fn credit() -> Credit {
    Credit {
        id: "order-1".to_owned(),
        account: "acme".to_owned(),
        kind: CreditKind::Grant,
        amount: Money::from_picodollars(1),
        fee: Money::ZERO,
        created: at(1),
        note: String::new(),
    }
}

type IsPoison = Box<dyn Fn(&Entry) -> bool + Send>;
type Then = Box<dyn FnOnce() + Send>;
type Why = Box<dyn Fn() -> StoreError + Send>;

/// A store that can be shut, so that a commit waits at its door, and that can fail.
pub(crate) struct Shaky {
    store: Arc<WatchedStore<MemoryStore>>,
    moods: Arc<Moods>,
}

#[derive(Default)]
struct Moods {
    state: Mutex<State>,
    opened: Condvar,
}

#[derive(Default)]
struct State {
    shut: bool,
    at_the_door: bool,
    no_holds: bool,
    taken: Option<String>,
    read: Option<Then>,
    longest_page: usize,
    portions: Vec<usize>,
    breaks_pruning: bool,
    commits: usize,
    failures: usize,
    failing: Option<Arc<Mutex<Why>>>,
    poison: Vec<IsPoison>,
}

// === impl Shaky ===

impl Shaky {
    pub(crate) fn new() -> Arc<Self> {
        let moods = Arc::new(Moods::default());
        let (before, after) = (moods.clone(), moods.clone());
        let store = WatchedStore::new(MemoryStore::default())
            .before(move |question| before.before(question))
            .after(move |question| after.after(question));
        let store = Arc::new(store);
        Arc::new(Self { store, moods })
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.moods.state.lock().unwrap()
    }

    pub(crate) fn shut(&self) {
        self.state().shut = true;
    }

    /// Cannot tell what is under way.
    pub(crate) fn break_holds(&self, broken: bool) {
        self.state().no_holds = broken;
    }

    /// Somebody else has the name: nothing more is held under it.
    pub(crate) fn take_name(&self, name: &str) {
        let taken = format!("somebody keeps books here under the name `{name}`");
        self.state().taken = Some(taken);
    }

    /// Does this once somebody has read what is under way.
    pub(crate) fn once_read(&self, then: impl FnOnce() + Send + 'static) {
        self.state().read = Some(Box::new(then));
    }

    /// Does a commit wait for it to be opened?
    pub(crate) fn is_at_the_door(&self) -> bool {
        self.state().at_the_door
    }

    pub(crate) fn open(&self) {
        self.state().shut = false;
        self.moods.opened.notify_all();
    }

    pub(crate) fn fail(&self, why: impl Fn() -> StoreError + Send + 'static) {
        self.state().failing = Some(Arc::new(Mutex::new(Box::new(why))));
    }

    pub(crate) fn work(&self) {
        let mut state = self.state();
        (state.failing, state.poison) = (None, Vec::new());
    }

    /// It cannot take this one, nor anything with it.
    pub(crate) fn poison(&self, id: GenerationId) {
        let is_it = move |entry: &Entry| match entry {
            Entry::Hold(hold) => hold.id == id,
            Entry::Row(row) => row.id == id,
            _ => false,
        };
        self.state().poison.push(Box::new(is_it));
    }

    pub(crate) fn poison_all_rows(&self) {
        let is_row = |entry: &Entry| matches!(entry, Entry::Row(_));
        self.state().poison.push(Box::new(is_row));
    }

    /// So many rows were asked for at once, at most.
    pub(crate) fn longest_page(&self) -> usize {
        self.state().longest_page
    }

    /// So many were to be forgotten at once, each time.
    pub(crate) fn portions(&self) -> Vec<usize> {
        self.state().portions.clone()
    }

    pub(crate) fn break_pruning(&self) {
        self.state().breaks_pruning = true;
    }

    pub(crate) fn commits(&self) -> usize {
        self.state().commits
    }

    pub(crate) fn failures(&self) -> usize {
        self.state().failures
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let query = RowQuery {
            from: UNIX_EPOCH,
            to: at(1_000_000_000),
            account: None,
            key: None,
            after: None,
            limit: 1000,
        };
        self.store.inner().rows(&query).unwrap()
    }
}

impl Deref for Shaky {
    type Target = WatchedStore<MemoryStore>;

    fn deref(&self) -> &Self::Target {
        &self.store
    }
}

// === impl Moods ===

impl Moods {
    fn before(&self, question: Question<'_>) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap();
        match question {
            Question::Commit(entries) => {
                drop(state);
                self.commit(entries)
            }
            Question::Rows(query) => {
                state.longest_page = state.longest_page.max(query.limit);
                Ok(())
            }
            Question::Holds(_) if state.no_holds => Err(StoreError::Corrupt("the hold".to_owned())),
            Question::Prune(_, most) => {
                state.portions.push(most);
                let breaks = state.breaks_pruning;
                drop(state);
                assert!(!breaks, "a store of somebody's own");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn commit(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let state = self.state.lock().unwrap();
        let stays = |state: &mut State| {
            state.at_the_door = state.shut;
            state.shut
        };
        let mut state = self.opened.wait_while(state, stays).unwrap();
        if let Some(why) = state.failing.clone() {
            state.failures += 1;
            drop(state);
            let why = why
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            return Err(why());
        }
        let is_poison = |entry| state.poison.iter().any(|is| is(entry));
        if entries.iter().any(is_poison) {
            return Err(StoreError::Other("poison".into()));
        }
        let is_hold = |entry: &Entry| matches!(entry, Entry::Hold(_));
        if let Some(taken) = state.taken.clone().filter(|_| entries.iter().any(is_hold)) {
            return Err(StoreError::Taken(taken));
        }
        state.commits += 1;
        Ok(())
    }

    fn after(&self, question: Question<'_>) {
        if let Question::Holds(_) = question {
            let then = self.state.lock().unwrap().read.take();
            then.into_iter().for_each(|then| then());
        }
    }
}
