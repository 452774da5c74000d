//! The store.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsConnect};
use tokio_postgres::{Client, Config, Socket};

use super::connect::{Connector, Session};
use super::fault::is_of_statement;
use super::pool::Pool;
use super::pruned::Pruned;
use super::runtime::Runtime;
use super::settings::PostgresSettings;
use super::text::clean;
use super::write::Batch;
use super::{leases, lives, own, prune, read, schema, spend};
use crate::clock;
use crate::generation::GenerationId;
use crate::settle::lease::{Ask, Grant, Lessor, Life, Replica, Shared};
use crate::settle::store::micros::micros_of;
use crate::settle::store::names::Names;
use crate::settle::store::{
    Credit, CreditQuery, Document, Entry, HoldRow, Owned, Row, RowQuery, Spend, SpendQuery, Store,
    StoreError,
};

/// A [`Store`] in PostgreSQL, for several replicas.
///
/// Its methods block for [`patience`](PostgresSettings::patience) at most, and may be called from any thread. See the
/// [module docs](super).
#[derive(Debug)]
pub struct PostgresStore {
    runtime: Runtime,
    names: Names,
    writers: Pool,
    readers: Pool,
    settings: PostgresSettings,
    pruned: Pruned,
}

/// How long bringing the tables up to date may take, and waiting for another one that does.
const UPDATE: Duration = Duration::from_secs(600);

/// So many rows are forgotten at once.
const AT_ONCE: usize = 1000;

/// What is asked over a connection.
type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

// === impl PostgresStore ===

impl PostgresStore {
    /// Connects, without encryption, and brings the tables up to date.
    ///
    /// The address is a URL, or `key=value` pairs, as libpq reads them; several hosts are tried in their order, and
    /// `target_session_attrs=read-write` finds the one that writes.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: [`Other`](StoreError::Other) where the address cannot be read, [`Away`](StoreError::Away) where
    /// nobody answers, [`Newer`](StoreError::Newer) where a newer version of this crate was here.
    pub fn open(address: &str, settings: PostgresSettings) -> Result<Self, StoreError> {
        Self::open_with(address, settings, NoTls)
    }

    /// Likewise, with whatever encrypts, where `sslmode` in the address says so.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn open_with<T>(
        address: &str,
        settings: PostgresSettings,
        tls: T,
    ) -> Result<Self, StoreError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::TlsConnect: Send,
        T::Stream: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let config = address.parse::<Config>();
        let config = config.map_err(|error| StoreError::Other(Box::new(error)))?;
        let connector = Connector::new(config, settings.patience, tls);
        let names = Names::default();
        let store = Self {
            runtime: Runtime::start()?,
            writers: Pool::new(connector.owning(names.clone()), 1, settings.pause),
            readers: Pool::new(connector, settings.readers, settings.pause),
            names,
            settings,
            pruned: Pruned::default(),
        };
        // Whether somebody answers at all is known sooner than tables are changed.
        let patience = store.settings.patience;
        let is_current = store.ask(&store.writers, patience, Vec::new(), |client| {
            Box::pin(schema::is_current(client))
        });
        if !is_current? {
            let patience = patience.max(UPDATE);
            store.ask(&store.writers, patience, Vec::new(), |client| {
                Box::pin(schema::migrate(client))
            })?;
        }
        Ok(store)
    }

    fn read<T: Send + 'static>(
        &self,
        question: impl for<'a> FnOnce(&'a Client) -> Asking<'a, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(&self.readers, self.settings.patience, Vec::new(), question)
    }

    /// Over a connection that owns these names.
    fn ask<T: Send + 'static>(
        &self,
        pool: &Pool,
        patience: Duration,
        names: Vec<String>,
        question: impl for<'a> FnOnce(&'a Client) -> Asking<'a, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let now = clock::now();
        let mut place = pool.place(now, patience)?;
        let left = patience.saturating_sub(clock::now().saturating_duration_since(now));
        let (session, connector) = (place.session.take(), pool.connector.clone());
        let asked = self.runtime.wait(left, async move {
            let session = match session {
                Some(mut session) => {
                    connector.look_again(&mut session).await?;
                    session
                }
                None => connector.connect().await?,
            };
            let answer = match session.owns(&names) {
                Ok(()) => question(&session.client).await,
                Err(taken) => Err(taken),
            };
            let kept = match &answer {
                Ok(_) => Some(session),
                // A connection that owns names is not given up lightly.
                Err(
                    StoreError::Conflict(_)
                    | StoreError::Corrupt(_)
                    | StoreError::Full(_)
                    | StoreError::Lapsed(_)
                    | StoreError::Busy(_)
                    | StoreError::Other(_)
                    | StoreError::Taken(_),
                ) => rolled_back(session).await,
                Err(error) if is_of_statement(error) => rolled_back(session).await,
                // Nobody knows in what state it is.
                Err(_) => None,
            };
            Ok((kept, answer))
        });
        let answer = asked.and_then(|(session, answer)| {
            place.session = session;
            answer
        });
        let away = |error: &StoreError| matches!(error, StoreError::Away(_));
        let reached = answer.as_ref().err();
        let reached = reached.is_none_or(|error| !away(error) || is_of_statement(error));
        pool.reached(clock::now(), reached);
        answer
    }
}

impl Store for PostgresStore {
    fn own(&self, replica: &str) -> Result<Owned, StoreError> {
        let name = bounded(clean(replica), 256)?;
        let owned = self.names.take(&name)?;
        let names = vec![name.clone()];
        self.ask(&self.writers, self.settings.patience, names, |client| {
            Box::pin(async move { own::take(client, &name).await })
        })?;
        Ok(owned)
    }

    fn commit(&self, entries: &[Entry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let batch = Batch::of(entries)?;
        let names = batch.names();
        self.ask(&self.writers, self.settings.patience, names, |client| {
            Box::pin(batch.write(client))
        })
    }

    fn row(&self, id: &GenerationId) -> Result<Option<Row>, StoreError> {
        let id = *id;
        self.read(move |client| Box::pin(async move { read::row(client, &id).await }))
    }

    fn rows(&self, query: &RowQuery) -> Result<Vec<Row>, StoreError> {
        let query = query.clone();
        self.read(move |client| Box::pin(async move { read::rows(client, &query).await }))
    }

    fn spend(&self, query: &SpendQuery) -> Result<Vec<Spend>, StoreError> {
        let query = query.clone();
        self.read(move |client| Box::pin(async move { spend::spend(client, &query).await }))
    }

    fn holds_after(
        &self,
        after: Option<&GenerationId>,
        limit: usize,
    ) -> Result<Vec<HoldRow>, StoreError> {
        let after = after.copied();
        self.read(move |client| {
            Box::pin(async move { read::holds(client, after.as_ref(), limit).await })
        })
    }

    fn credits_after(&self, query: &CreditQuery) -> Result<Vec<Credit>, StoreError> {
        let query = query.clone();
        self.read(move |client| Box::pin(async move { read::credits(client, &query).await }))
    }

    fn documents_after(
        &self,
        kind: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let after = after.map(clean);
        self.read(move |client| {
            Box::pin(async move { read::documents(client, kind, after.as_deref(), limit).await })
        })
    }

    fn prune(&self, before: SystemTime, most: usize) -> Result<u64, StoreError> {
        let (before, mut gone) = (micros_of(before), 0);
        while gone < most {
            let some = AT_ONCE.min(most - gone);
            let span = (self.pruned.from(), before);
            let (some_gone, last) =
                self.read(move |client| Box::pin(prune::prune(client, span, some)))?;
            gone += some_gone;
            if !self.pruned.went(last.filter(|_| some_gone == some)) {
                break;
            }
        }
        Ok(gone as u64)
    }

    fn lessor(self: Arc<Self>) -> Option<Arc<dyn Lessor>> {
        Some(self)
    }
}

impl Lessor for PostgresStore {
    fn enlist(&self, name: &str) -> Result<Replica, StoreError> {
        let name = bounded(clean(name), 256)?;
        let replica =
            self.read(move |client| Box::pin(async move { lives::enlist(client, &name).await }))?;
        let mut after = Some(String::new());
        while let Some(last) = after {
            let who = replica.clone();
            after = self.read(move |client| {
                Box::pin(async move { lives::end_before(client, &who, &last).await })
            })?;
        }
        Ok(replica)
    }

    fn ask(&self, replica: &Replica, asks: &[Ask]) -> Result<Vec<Option<Grant>>, StoreError> {
        let (replica, mut asks) = (replica.clone(), asks.to_vec());
        for ask in &mut asks {
            ask.counter = bounded(clean(&ask.counter), 1024)?;
        }
        self.read(move |client| Box::pin(async move { leases::ask(client, &replica, &asks).await }))
    }

    fn wanted(&self, replica: &Replica) -> Result<Vec<String>, StoreError> {
        let replica = replica.clone();
        self.read(move |client| Box::pin(async move { leases::wanted(client, &replica).await }))
    }

    fn counter(&self, name: &str) -> Result<Option<Shared>, StoreError> {
        let name = name.to_owned();
        self.read(move |client| Box::pin(async move { leases::counter(client, &name).await }))
    }

    fn lives(&self) -> Result<Vec<Life>, StoreError> {
        self.read(|client| Box::pin(lives::lives(client)))
    }

    fn release(&self, replica: &Replica) -> Result<u64, StoreError> {
        let who = replica.clone();
        self.read(move |client| Box::pin(async move { lives::end(client, &who).await }))?;
        let (mut after, mut freed) = (Some(String::new()), 0_u64);
        while let Some(last) = after {
            let who = replica.clone();
            let (next, some) = self.read(move |client| {
                Box::pin(async move { lives::release(client, &who, &last).await })
            })?;
            (after, freed) = (next, freed.saturating_add(some));
        }
        Ok(freed)
    }

    fn forget(&self, before: SystemTime) -> Result<(), StoreError> {
        while self.read(move |client| Box::pin(leases::forget(client, before)))? {}
        Ok(())
    }
}

/// It goes on, if nothing of what was asked stays.
async fn rolled_back(session: Session) -> Option<Session> {
    let rolled_back = session.client.batch_execute("ROLLBACK").await;
    rolled_back.is_ok().then_some(session)
}

/// Longer names have no place in an index.
fn bounded(name: String, most: usize) -> Result<String, StoreError> {
    match name.len() <= most {
        true => Ok(name),
        false => Err(StoreError::Other(
            format!("a name of more than {most} bytes").into(),
        )),
    }
}
