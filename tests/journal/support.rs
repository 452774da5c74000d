//! A store that can be shut and can fail, and what is written to it.

use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use switchtower::settle::store::{
    Credit, CreditKind, CreditQuery, Document, Entry, HoldRow, MemoryStore, Owned, Row, RowQuery,
    Spend, SpendQuery, Store, StoreError,
};
use switchtower::settle::{App, Attempts, Claim, Journal, JournalSettings, Ledger, Record};
use switchtower::wire::Operation;
use switchtower::{Call, End, GenerationId, Money, Usage};

pub(crate) fn settings() -> JournalSettings {
    JournalSettings::default().patience(Duration::MAX)
}

pub(crate) fn open(store: &Arc<Shaky>, settings: JournalSettings) -> Journal {
    Journal::open(store.clone(), settings).unwrap()
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
type Then = Box<dyn FnOnce(&MemoryStore) + Send>;
type Why = Box<dyn Fn() -> StoreError + Send>;

/// A store that can be shut, so that a commit waits at its door, and that can fail.
pub(crate) struct Shaky {
    pub(crate) inner: MemoryStore,
    state: Mutex<State>,
    opened: Condvar,
}

#[derive(Default)]
struct State {
    shut: bool,
    at_the_door: bool,
    no_holds: bool,
    nameless: bool,
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
        Arc::new(Self {
            inner: MemoryStore::default(),
            state: Mutex::default(),
            opened: Condvar::new(),
        })
    }

    pub(crate) fn shut(&self) {
        self.state.lock().unwrap().shut = true;
    }

    /// Cannot tell what is under way.
    pub(crate) fn break_holds(&self, broken: bool) {
        self.state.lock().unwrap().no_holds = broken;
    }

    /// Whoever asks for a name has it, as where the connection is lost that has it.
    pub(crate) fn forget_names(&self) {
        self.state.lock().unwrap().nameless = true;
    }

    /// Somebody else has the name: nothing more is held under it.
    pub(crate) fn take_name(&self, name: &str) {
        let taken = format!("somebody keeps books here under the name `{name}`");
        self.state.lock().unwrap().taken = Some(taken);
    }

    /// Does this once somebody has read what is under way.
    pub(crate) fn once_read(&self, then: impl FnOnce(&MemoryStore) + Send + 'static) {
        self.state.lock().unwrap().read = Some(Box::new(then));
    }

    /// Does a commit wait for it to be opened?
    pub(crate) fn is_at_the_door(&self) -> bool {
        self.state.lock().unwrap().at_the_door
    }

    pub(crate) fn open(&self) {
        self.state.lock().unwrap().shut = false;
        self.opened.notify_all();
    }

    pub(crate) fn fail(&self, why: impl Fn() -> StoreError + Send + 'static) {
        self.state.lock().unwrap().failing = Some(Arc::new(Mutex::new(Box::new(why))));
    }

    pub(crate) fn work(&self) {
        let mut state = self.state.lock().unwrap();
        (state.failing, state.poison) = (None, Vec::new());
    }

    /// It cannot take this one, nor anything with it.
    pub(crate) fn poison(&self, id: GenerationId) {
        let is_it = move |entry: &Entry| match entry {
            Entry::Hold(hold) => hold.id == id,
            Entry::Row(row) => row.id == id,
            _ => false,
        };
        self.state.lock().unwrap().poison.push(Box::new(is_it));
    }

    pub(crate) fn poison_all_rows(&self) {
        let is_row = |entry: &Entry| matches!(entry, Entry::Row(_));
        self.state.lock().unwrap().poison.push(Box::new(is_row));
    }

    /// So many rows were asked for at once, at most.
    pub(crate) fn longest_page(&self) -> usize {
        self.state.lock().unwrap().longest_page
    }

    /// So many were to be forgotten at once, each time.
    pub(crate) fn portions(&self) -> Vec<usize> {
        self.state.lock().unwrap().portions.clone()
    }

    pub(crate) fn break_pruning(&self) {
        self.state.lock().unwrap().breaks_pruning = true;
    }

    pub(crate) fn commits(&self) -> usize {
        self.state.lock().unwrap().commits
    }

    pub(crate) fn failures(&self) -> usize {
        self.state.lock().unwrap().failures
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
        self.inner.rows(&query).unwrap()
    }
}

impl std::fmt::Debug for Shaky {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shaky")
    }
}

impl Store for Shaky {
    fn own(&self, replica: &str) -> Result<Owned, StoreError> {
        match self.state.lock().unwrap().nameless {
            true => Ok(Owned::until_dropped(())),
            false => self.inner.own(replica),
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
        drop(state);
        self.inner.commit(entries)
    }

    fn row(&self, id: &GenerationId) -> Result<Option<Row>, StoreError> {
        self.inner.row(id)
    }

    fn rows(&self, query: &RowQuery) -> Result<Vec<Row>, StoreError> {
        let mut state = self.state.lock().unwrap();
        state.longest_page = state.longest_page.max(query.limit);
        drop(state);
        self.inner.rows(query)
    }

    fn spend(&self, query: &SpendQuery) -> Result<Vec<Spend>, StoreError> {
        self.inner.spend(query)
    }

    fn holds_after(
        &self,
        after: Option<&GenerationId>,
        limit: usize,
    ) -> Result<Vec<HoldRow>, StoreError> {
        let mut state = self.state.lock().unwrap();
        if state.no_holds {
            return Err(StoreError::Corrupt("the hold".to_owned()));
        }
        let holds = self.inner.holds_after(after, limit);
        state
            .read
            .take()
            .into_iter()
            .for_each(|then| then(&self.inner));
        holds
    }

    fn credits_after(&self, query: &CreditQuery) -> Result<Vec<Credit>, StoreError> {
        self.inner.credits_after(query)
    }

    fn documents_after(
        &self,
        kind: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        self.inner.documents_after(kind, after, limit)
    }

    fn prune(&self, before: SystemTime, most: usize) -> Result<u64, StoreError> {
        let mut state = self.state.lock().unwrap();
        state.portions.push(most);
        let breaks = state.breaks_pruning;
        drop(state);
        assert!(!breaks, "a store of somebody's own");
        self.inner.prune(before, most)
    }
}
