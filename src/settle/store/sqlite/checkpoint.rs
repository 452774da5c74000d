//! What the log has is carried over into the file, by a thread of its own: the writer need not wait for the disk.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use crate::settle::store::StoreError;

/// The thread, until it is dropped.
#[derive(Debug)]
pub(super) struct Checkpoints {
    over: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

/// How often.
const EVERY: Duration = Duration::from_millis(250);
/// A log of so many pages, 64 MiB, is begun anew: for a moment the writer waits.
const LONG: i64 = 16_384;
/// For this moment; where somebody reads for longer, such as a backup, the log grows until he is done.
const MOMENT: Duration = Duration::from_millis(5);

// === impl Checkpoints ===

impl Checkpoints {
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        connection.busy_timeout(MOMENT)?;
        let over = Arc::<(Mutex<bool>, Condvar)>::default();
        let told = over.clone();
        let thread = thread::Builder::new()
            .name("switchtower-checkpoint".to_owned())
            .spawn(move || run(&connection, &told))
            .map_err(|error| StoreError::Other(error.into()))?;
        Ok(Self {
            over,
            thread: Some(thread),
        })
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        let (over, told) = &*self.over;
        *over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        told.notify_one();
        if let Some(thread) = self.thread.take() {
            // It panics never; and if it did, the log would be carried over at the next start.
            let _ = thread.join();
        }
    }
}

fn run(connection: &Connection, (over, told): &(Mutex<bool>, Condvar)) {
    let mut over = over.lock().unwrap_or_else(PoisonError::into_inner);
    while !*over {
        let waited = told.wait_timeout_while(over, EVERY, |over| !*over);
        over = waited.unwrap_or_else(PoisonError::into_inner).0;
        // One that fails is made up for by the next; if none can be made, the log grows until a commit fails.
        if let Ok(pages) = checkpoint(connection, "PASSIVE")
            && pages > LONG
        {
            let _ = checkpoint(connection, "RESTART");
        }
    }
}

/// How many pages does the log have?
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<i64> {
    let pragma = format!("PRAGMA wal_checkpoint({mode})");
    connection.query_row(&pragma, (), |row| row.get(1))
}
