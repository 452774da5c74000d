//! One connection, and what it is told first.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Socket};

use super::fault::meaning;
use super::own;
use crate::settle::store::StoreError;
use crate::settle::store::names::{Names, taken};

type Connecting = Pin<Box<dyn Future<Output = Result<Session, StoreError>> + Send>>;

/// How to connect.
#[derive(Clone)]
pub(super) struct Connector {
    connect: Arc<dyn Fn() -> Connecting + Send + Sync>,
    /// Those that the connection has to own, before anything is written under them.
    names: Names,
}

/// A connection, which ends with this.
pub(super) struct Session {
    pub(super) client: Client,
    /// Names that it should own, and somebody else has.
    lacks: Vec<String>,
    task: AbortHandle,
}

// === impl Connector ===

impl Connector {
    pub(super) fn new<T>(mut config: Config, patience: Duration, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::TlsConnect: Send,
        T::Stream: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(patience);
        }
        if config.get_application_name().is_none() {
            config.application_name("switchtower");
        }
        config
            .tcp_user_timeout(patience)
            .keepalives_idle(patience.max(Duration::from_secs(1)));
        let config = Arc::new(config);
        let connect = Arc::new(move || -> Connecting {
            let (config, tls) = (config.clone(), tls.clone());
            Box::pin(async move {
                let (client, connection) = config.connect(tls).await.map_err(meaning)?;
                #[expect(
                    clippy::disallowed_methods,
                    reason = "it is a task of the store's own thread"
                )]
                let task = tokio::spawn(async move {
                    // Whoever waits for an answer is told the same.
                    let _ = connection.await;
                })
                .abort_handle();
                let lacks = Vec::new();
                let session = Session {
                    client,
                    lacks,
                    task,
                };
                let manners = manners(patience);
                session
                    .client
                    .batch_execute(&manners)
                    .await
                    .map_err(meaning)?;
                Ok(session)
            })
        });
        let names = Names::default();
        Self { connect, names }
    }

    /// Likewise, by connections that own these names, or know that somebody else does.
    pub(super) fn owning(&self, names: Names) -> Self {
        let connect = self.connect.clone();
        Self { connect, names }
    }

    pub(super) async fn connect(&self) -> Result<Session, StoreError> {
        let mut session = (self.connect)().await?;
        let mut names = self.names.all().into_iter();
        // Its last owner may be about to go; but there is patience for one.
        for name in names.by_ref() {
            match own::take(&session.client, &name).await {
                Err(StoreError::Taken(_)) => {
                    session.lacks.push(name);
                    break;
                }
                taken => taken?,
            }
        }
        session.lacks.extend(names);
        if session.lacks.len() > 1 {
            self.look_again(&mut session).await?;
        }
        Ok(session)
    }

    /// Takes those names that it lacks and that are free by now.
    pub(super) async fn look_again(&self, session: &mut Session) -> Result<(), StoreError> {
        if session.lacks.is_empty() {
            return Ok(());
        }
        let ours = self.names.all();
        for name in std::mem::take(&mut session.lacks) {
            if ours.contains(&name) && !own::try_take(&session.client, &name).await? {
                session.lacks.push(name);
            }
        }
        Ok(())
    }
}

/// The database gives up before we do, and drops us soon when we are gone, so that no lock outlives its owner by much.
fn manners(patience: Duration) -> String {
    let most = (patience.as_millis() * 9 / 10).max(1);
    // Before the other: to be told that a name is taken.
    let lock = (patience.as_millis() * 8 / 10).max(1);
    format!(
        "SET statement_timeout = {most}; SET lock_timeout = {lock}; \
         SET idle_in_transaction_session_timeout = {most}; SET synchronous_commit = on; \
         SET client_min_messages = warning; SET extra_float_digits = 1; \
         SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"
    )
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may have a password in it.
        f.write_str("Connector")
    }
}

// === impl Session ===

impl Session {
    /// What is written under these names needs all of them.
    pub(super) fn owns(&self, names: &[String]) -> Result<(), StoreError> {
        let lacks = names.iter().find(|name| self.lacks.contains(name));
        lacks.map_or(Ok(()), |name| Err(taken(name)))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A database that is frozen would never say goodbye.
        self.task.abort();
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
