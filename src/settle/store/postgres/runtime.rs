//! The thread that talks to the database.

use std::future::Future;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::settle::store::StoreError;

/// A thread of its own, so that whoever waits may be on any other, even one that runs tasks.
#[derive(Debug)]
pub(super) struct Runtime {
    handle: Handle,
    // Its drop ends the thread.
    _alive: oneshot::Sender<()>,
}

// === impl Runtime ===

impl Runtime {
    pub(super) fn start() -> Result<Self, StoreError> {
        let other = |error: std::io::Error| StoreError::Other(Box::new(error));
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(other)?;
        let handle = runtime.handle().clone();
        let (alive, ended) = oneshot::channel();
        thread::Builder::new()
            .name("switchtower-postgres".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(ended);
            })
            .map_err(other)?;
        Ok(Self {
            handle,
            _alive: alive,
        })
    }

    /// Waits for this, but no longer than so long.
    pub(super) fn wait<T>(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
    {
        let (done, answer) = sync_channel(1);
        self.handle.spawn(async move {
            let ended = timeout(patience, work).await;
            let _ = done.send(ended.unwrap_or_else(|_| Err(away("it says nothing"))));
        });
        answer.recv().unwrap_or_else(|_| Err(away("it is closed")))
    }
}

pub(super) fn away(why: &'static str) -> StoreError {
    StoreError::Away(why.into())
}
