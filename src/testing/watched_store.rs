//! A store whose bad days a test decides.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::generation::GenerationId;
use crate::settle::lease::Lessor;
use crate::settle::store::{
    Credit, CreditQuery, Document, Entry, HoldRow, Owned, Row, RowQuery, Spend, SpendQuery, Store,
    StoreError,
};

/// A store around another one: a test hears of each question before it is asked and after it is answered, and fails it, lets it
/// wait, or counts it.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
/// use switchtower::settle::store::{Entry, MemoryStore, Store, StoreError};
/// use switchtower::testing::{Question, WatchedStore};
///
/// # let id = "gen-1795608000-00000000000000000001".parse().unwrap();
/// let away = Arc::new(AtomicBool::new(true));
/// let is_away = away.clone();
/// let store = WatchedStore::new(MemoryStore::default()).before(move |question| match question {
///     Question::Commit(_) if is_away.load(SeqCst) => Err(StoreError::Away("no route".into())),
///     _ => Ok(()),
/// });
/// assert!(store.commit(&[Entry::Released(id)]).is_err());
/// away.store(false, SeqCst);
/// store.commit(&[Entry::Released(id)])?;
/// # Ok::<_, StoreError>(())
/// ```
pub struct WatchedStore<S> {
    inner: Arc<S>,
    before: Box<Before>,
    after: Box<After>,
    loses_names: Mutex<bool>,
    lessor: Option<Arc<dyn Lessor>>,
}

/// What is asked of a store? See [`WatchedStore`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Question<'a> {
    /// To own this name.
    Own(&'a str),
    /// To write these.
    Commit(&'a [Entry]),
    /// The row of this request.
    Row(&'a GenerationId),
    /// Rows.
    Rows(&'a RowQuery),
    /// Sums.
    Spend(&'a SpendQuery),
    /// At most so many of what is under way.
    Holds(usize),
    /// Credits.
    Credits(&'a CreditQuery),
    /// At most so many documents of this kind.
    Documents(&'a str, usize),
    /// To forget rows from before this time, at most so many.
    Prune(SystemTime, usize),
}

type Before = dyn Fn(Question<'_>) -> Result<(), StoreError> + Send + Sync;
type After = dyn Fn(Question<'_>) + Send + Sync;

// === impl WatchedStore ===

impl<S: Store> WatchedStore<S> {
    /// Does what this one does.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self {
            inner: Arc::new(inner),
            before: Box::new(|_| Ok(())),
            after: Box::new(|_| {}),
            loses_names: Mutex::new(false),
            lessor: None,
        }
    }

    /// Asks this first: an error is the answer. Whoever asks waits until it returns.
    #[must_use]
    pub fn before(
        mut self,
        watch: impl Fn(Question<'_>) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Self {
        self.before = Box::new(watch);
        self
    }

    /// Tells this once the store has answered, well or not. Whoever has asked hears of it when it returns.
    #[must_use]
    pub fn after(mut self, watch: impl Fn(Question<'_>) + Send + Sync + 'static) -> Self {
        self.after = Box::new(watch);
        self
    }

    /// Somebody else keeps counters that several share than the store itself, if it does.
    #[must_use]
    pub fn with_lessor(mut self, lessor: Arc<dyn Lessor>) -> Self {
        self.lessor = Some(lessor);
        self
    }

    /// From now on whoever asks for a name has it, as where the connection is lost by which another process had it.
    pub fn lose_names(&self) {
        *self.names_are_lost() = true;
    }

    /// The store inside, of which nobody hears what it is asked.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn names_are_lost(&self) -> MutexGuard<'_, bool> {
        let lost = self.loses_names.lock();
        lost.unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<T>(
        &self,
        question: Question<'_>,
        answer: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        (self.before)(question)?;
        let answer = answer();
        (self.after)(question);
        answer
    }
}

impl<S: Store> Store for WatchedStore<S> {
    fn own(&self, replica: &str) -> Result<Owned, StoreError> {
        let own = || {
            let lost = *self.names_are_lost();
            match lost {
                true => Ok(Owned::until_dropped(())),
                false => self.inner.own(replica),
            }
        };
        self.ask(Question::Own(replica), own)
    }

    fn commit(&self, entries: &[Entry]) -> Result<(), StoreError> {
        self.ask(Question::Commit(entries), || self.inner.commit(entries))
    }

    fn row(&self, id: &GenerationId) -> Result<Option<Row>, StoreError> {
        self.ask(Question::Row(id), || self.inner.row(id))
    }

    fn rows(&self, query: &RowQuery) -> Result<Vec<Row>, StoreError> {
        self.ask(Question::Rows(query), || self.inner.rows(query))
    }

    fn spend(&self, query: &SpendQuery) -> Result<Vec<Spend>, StoreError> {
        self.ask(Question::Spend(query), || self.inner.spend(query))
    }

    fn holds_after(
        &self,
        after: Option<&GenerationId>,
        limit: usize,
    ) -> Result<Vec<HoldRow>, StoreError> {
        let holds = || self.inner.holds_after(after, limit);
        self.ask(Question::Holds(limit), holds)
    }

    fn credits_after(&self, query: &CreditQuery) -> Result<Vec<Credit>, StoreError> {
        self.ask(Question::Credits(query), || self.inner.credits_after(query))
    }

    fn documents_after(
        &self,
        kind: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let documents = || self.inner.documents_after(kind, after, limit);
        self.ask(Question::Documents(kind, limit), documents)
    }

    fn prune(&self, before: SystemTime, most: usize) -> Result<u64, StoreError> {
        let prune = || self.inner.prune(before, most);
        self.ask(Question::Prune(before, most), prune)
    }

    fn lessor(self: Arc<Self>) -> Option<Arc<dyn Lessor>> {
        let own = self.inner.clone().lessor();
        self.lessor.clone().or(own)
    }
}

impl<S: fmt::Debug> fmt::Debug for WatchedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedStore")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
