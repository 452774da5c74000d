use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread::{self, JoinHandle};

use super::leasing::Leases;
use super::queue::{Closed, Queue, Waiting};
use super::reconcile::abandon;
use super::retention::{PORTION, Retention};
use super::settings::JournalSettings;
use super::slot::JournalSlot;
use super::ticket::Ticket;
use super::turn::{Farewell, Turn};
use super::writer::Writer;
use crate::clock;
use crate::error::BoxError;
use crate::limits::{Limits, Now};
use crate::settle::books::{Books, HasBooks};
use crate::settle::ledger::Ledger;
use crate::settle::recent::{Recent, Totals};
use crate::settle::record::Record;
use crate::settle::replay::replay;
use crate::settle::store::{Entry, HoldRow, Owned, Store, StoreError};

/// A ledger over a [`Store`]. Shared by all clones. See the [module docs](super).
///
/// ```
/// use std::sync::Arc;
/// use switchtower::settle::store::{MemoryStore, Store};
/// use switchtower::settle::JournalSettings;
/// use switchtower::{Stack, catalog::Catalog, client, testing::Upstream};
/// use http_body_util::BodyExt;
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), switchtower::BoxError> {
/// # let acme = Upstream::start().await;
/// # let catalog = Arc::new(Catalog::from_toml(&format!(r#"
/// #     providers.acme.base_url = "{}"
/// #     [[models.swift.endpoints]]
/// #     provider = "acme"
/// #     model = "swift-2"
/// # "#, acme.base_url()), "switchtower.toml", |_| None)?);
/// # let ask = http::Request::new(r#"{"model": "swift", "messages": [{"role": "user", "content": "hi"}]}"#.to_owned());
/// let store = Arc::new(MemoryStore::default());
/// let stack = Stack::new(catalog).with_journal(store.clone(), JournalSettings::default())?;
/// let journal = stack.ledger().clone();
///
/// let answer = stack.around(client::hyper::plain()).oneshot(ask).await?;
/// answer.into_body().collect().await?;
/// let id = journal.records()[0].id;
/// assert_eq!(store.row(&id)?.unwrap().attempts.len(), 1); // With the last frame, it is there.
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
    turn: Turn,
}

pub(super) struct Inner {
    pub(super) queue: Arc<Queue>,
    pub(super) recent: Recent,
    pub(super) settings: JournalSettings,
    store: Arc<dyn Store>,
    abandoned: Vec<HoldRow>,
    writer: Option<JoinHandle<()>>,
    // Until the thread has ended.
    _name: Owned,
}

// === impl Journal ===

impl Journal {
    /// Settles what an earlier process has left, and starts the thread that writes. It blocks.
    ///
    /// Its [limits](JournalSettings::limits) are to be new: they are charged with what was used before, and may have been with a part of
    /// that where it fails. So whoever tries again does it with others, lest anything counts twice.
    ///
    /// # Errors
    ///
    /// [`Taken`](StoreError::Taken) if another one is open under this [name](JournalSettings::replica); or if the store fails,
    /// or no thread can be started.
    pub fn open(store: Arc<dyn Store>, settings: JournalSettings) -> Result<Self, StoreError> {
        let name = store.own(&settings.replica)?;
        let retention = Retention::new(settings.keep, clock::now());
        let make_room = || match retention.due(true, clock::now(), clock::wall()) {
            Some(before) => Ok(store.prune(before, PORTION)? > 0),
            None => Ok(false),
        };
        let left = abandon(&*store, &settings.replica, make_room)?;
        let (replica, limits) = (&settings.replica, &settings.limits);
        let queue = Arc::new(Queue::new(settings.places.get()));
        let leases = settings.leases;
        let leases = leases
            .map(|leases| Leases::open(store.clone(), replica, limits, leases, queue.clone()));
        let leases = leases.transpose()?;
        let now = Now {
            instant: clock::now(),
            wall: clock::wall(),
        };
        replay(&*store, &settings.limits, now)?;
        let writer = Writer::new(queue.clone(), store.clone(), leases, &settings);
        let started = thread::Builder::new()
            .name("switchtower-ledger".to_owned())
            .spawn(move || writer.run());
        let writer = started.map_err(|error| StoreError::Other(error.into()))?;
        Ok(Self {
            turn: Turn::new(queue.clone()),
            inner: Arc::new(Inner {
                queue,
                recent: Recent::new(settings.recent),
                settings,
                store,
                abandoned: left,
                writer: Some(writer),
                _name: name,
            }),
        })
    }

    /// Writes this, and returns once it is stored. It waits for a place, and is written also if nobody waits for it.
    ///
    /// # Errors
    ///
    /// If it could not be stored, or the journal is closed.
    pub async fn enter(&self, entry: Entry) -> Result<(), StoreError> {
        let queue = &self.inner.queue;
        let mut turn = self.turn.clone();
        let closed = |_: Closed| StoreError::Away("the journal is closed".into());
        poll_fn(|cx| turn.poll(cx)).await.map_err(closed)?;
        let (ticket, teller) = Ticket::new();
        let waiting = Waiting::new(entry, Some(teller), true);
        if let Err(refused) = queue.ask(waiting) {
            queue.leave(1);
            return Err(refused);
        }
        poll_fn(|cx| ticket.look(cx.waker()).map_or(Poll::Pending, Poll::Ready)).await
    }

    /// What earlier processes held and did not settle, as it was found at the start.
    #[must_use]
    pub fn abandoned(&self) -> &[HoldRow] {
        &self.inner.abandoned
    }

    /// Lets nobody in any more, and returns once all that is under way is settled and stored.
    pub async fn close(&self) {
        self.inner.queue.close();
        let mut farewell = Farewell::new(self.inner.queue.clone());
        poll_fn(|cx| farewell.poll(cx)).await;
    }

    /// A copy of the record of this generation, if it is among the newest.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Record> {
        self.inner.recent.with(&id.parse().ok()?, Record::clone)
    }

    /// A copy of the newest records, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.inner.recent.records()
    }

    /// The sums of all records since the start.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.inner.recent.totals()
    }
}

impl HasBooks for Journal {
    fn books(&self) -> Books {
        Books::of(
            self.inner.recent.clone(),
            self.inner.settings.limits.clone(),
        )
        .with_store(self.inner.store.clone())
    }
}

impl Ledger for Journal {
    type Slot = JournalSlot;

    fn limits(&self) -> Option<&Limits> {
        Some(&self.inner.settings.limits)
    }

    fn poll_slot(&mut self, cx: &mut Context<'_>) -> Poll<Result<JournalSlot, BoxError>> {
        match ready!(self.turn.poll(cx)) {
            Ok(()) => Poll::Ready(Ok(JournalSlot::new(self.inner.clone()))),
            Err(Closed) => Poll::Ready(Err("the journal is closed".into())),
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("settings", &self.inner.settings)
            .field("store", &self.inner.store)
            .finish_non_exhaustive()
    }
}

// === impl Inner ===

impl Inner {
    /// Are budgets counted together with other processes?
    pub(super) fn leases(&self) -> bool {
        self.settings.leases.is_some()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.desert();
        let writer = self.writer.take();
        // The writer itself may be the last, where it has woken somebody who is no more.
        let writer = writer.filter(|writer| writer.thread().id() != thread::current().id());
        if let Some(writer) = writer {
            // It panics never; and if it did, there is nobody left to tell.
            let _ = writer.join();
        }
    }
}
