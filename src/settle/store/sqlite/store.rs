use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::checkpoint::Checkpoints;
use super::lock::Lock;
use super::settings::SqliteSettings;
use super::{read, schema, write};
use crate::calendar::Day;
use crate::generation::GenerationId;
use crate::settle::Durability;
use crate::settle::store::micros::micros_of;
use crate::settle::store::names::Names;
use crate::settle::store::{
    Credit, CreditQuery, Document, Entry, HoldRow, Owned, Row, RowQuery, Spend, SpendQuery, Store,
    StoreError,
};

/// A store in one SQLite file. See the [module docs](super).
///
/// ```
/// use switchtower::settle::store::{Document, Entry, SqliteSettings, SqliteStore, Store, StoreError};
///
/// # let folder = std::env::temp_dir().join(format!("switchtower-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let file = folder.join("ledger.db");
/// let store = SqliteStore::open(&file, SqliteSettings::default())?;
/// let (kind, id) = ("key", "9f86d081".to_owned());
/// let document = Document { kind, id, version: 1, json: Some("{}".to_owned()) };
/// store.commit(&[Entry::Document(document.clone())])?;
/// drop(store);
///
/// let store = SqliteStore::open(&file, SqliteSettings::default())?;
/// assert_eq!(store.documents("key")?, [document]);
/// # drop(store);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<_, StoreError>(())
/// ```
pub struct SqliteStore {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    names: Names,
    // Declared after the connections, which must be closed before another process may open the file.
    _checkpoints: Checkpoints,
    _lock: Lock,
}

/// As many connections are kept for those who read; more are made when they are needed.
const READERS: usize = 4;
/// How long one waits for another: only a backup or a tool of somebody's own can be in the way.
const BUSY: Duration = Duration::from_secs(5);
/// So many rows are forgotten at once, and then others have time to write.
const AT_ONCE: usize = 1000;
const BETWEEN: Duration = Duration::from_millis(1);

// === impl SqliteStore ===

impl SqliteStore {
    /// Opens the file, or makes it, and brings it to the newest schema.
    ///
    /// # Errors
    ///
    /// If another process has it, if it is newer or not of ours, if it is damaged, or cannot be opened.
    pub fn open(path: impl AsRef<Path>, settings: SqliteSettings) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let lock = Lock::take(&path)?;
        let mut writer = connect(&path, OpenFlags::SQLITE_OPEN_CREATE)?;
        set(&writer, &settings)?;
        schema::migrate(&mut writer)?;
        let checkpointer = connect(&path, OpenFlags::empty())?;
        set(&checkpointer, &settings)?;
        Ok(Self {
            path,
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            names: Names::default(),
            _checkpoints: Checkpoints::start(checkpointer)?,
            _lock: lock,
        })
    }

    /// Writes a whole copy of it to a file that is not there yet, as it is now, while it goes on.
    ///
    /// # Errors
    ///
    /// If there is such a file, or no room for it.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<(), StoreError> {
        let to = to.as_ref();
        if to.exists() {
            return Err(StoreError::Conflict(to.display().to_string()));
        }
        let connection = connect(&self.path, OpenFlags::empty())?;
        connection.execute("VACUUM INTO ?", [to.to_string_lossy()])?;
        Ok(())
    }

    /// Makes the sums of a day anew, of its rows; those that have been [forgotten](Store::prune), or are damaged, are not
    /// in them any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and then nothing is changed.
    pub fn rebuild(&self, day: Day) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let behavior = TransactionBehavior::Immediate;
        let transaction = writer.transaction_with_behavior(behavior)?;
        write::rebuild(&transaction, day)?;
        Ok(transaction.commit()?)
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks on a connection of its own: the writer does not wait for it.
    fn read<T>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let readers = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = readers().pop();
        let connection = match known {
            Some(connection) => connection,
            None => connect(&self.path, OpenFlags::empty())?,
        };
        let answer = ask(&connection);
        let mut readers = readers();
        if readers.len() < READERS {
            readers.push(connection);
        }
        answer
    }
}

impl Store for SqliteStore {
    /// Of another process the lock of the file knows.
    fn own(&self, replica: &str) -> Result<Owned, StoreError> {
        self.names.take(replica)
    }

    fn commit(&self, entries: &[Entry]) -> Result<(), StoreError> {
        write::commit(&mut self.writer(), entries)
    }

    fn row(&self, id: &GenerationId) -> Result<Option<Row>, StoreError> {
        self.read(|connection| read::row(connection, id.as_str()))
    }

    fn rows(&self, query: &RowQuery) -> Result<Vec<Row>, StoreError> {
        self.read(|connection| read::rows(connection, query))
    }

    fn spend(&self, query: &SpendQuery) -> Result<Vec<Spend>, StoreError> {
        self.read(|connection| read::spend(connection, query))
    }

    fn holds_after(
        &self,
        after: Option<&GenerationId>,
        limit: usize,
    ) -> Result<Vec<HoldRow>, StoreError> {
        self.read(|connection| read::holds(connection, after, limit))
    }

    fn credits_after(&self, query: &CreditQuery) -> Result<Vec<Credit>, StoreError> {
        self.read(|connection| read::credits(connection, query))
    }

    fn documents_after(
        &self,
        kind: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        self.read(|connection| read::documents(connection, kind, after, limit))
    }

    fn prune(&self, before: SystemTime, most: usize) -> Result<u64, StoreError> {
        let sql = "DELETE FROM rows WHERE id IN
            (SELECT id FROM rows WHERE created < ? ORDER BY created LIMIT ?)";
        let mut gone = 0;
        loop {
            let some = AT_ONCE.min(most - gone);
            // Let go each time, so that whoever commits need not wait for all of it.
            let some_gone = self
                .writer()
                .execute(sql, (micros_of(before), some as i64))?;
            gone += some_gone;
            if some_gone < AT_ONCE {
                return Ok(gone as u64);
            }
            thread::sleep(BETWEEN);
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn connect(path: &Path, more: OpenFlags) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags | more)?;
    connection.busy_timeout(BUSY)?;
    // The thread of the checkpoints does it.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

fn set(connection: &Connection, settings: &SqliteSettings) -> Result<(), StoreError> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0));
    let mode: String = mode?;
    if mode != "wal" {
        return Err(StoreError::Other("this file system allows no log".into()));
    }
    let synchronous = match settings.durability {
        Durability::Memory => "OFF",
        Durability::Process => "NORMAL",
        Durability::Power => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // Its sign says that it is in KiB.
    connection.pragma_update(None, "cache_size", -16_384)?;
    if let Some(bytes) = settings.max_bytes {
        let page = connection.pragma_query_value(None, "page_size", |row| row.get(0));
        let page: i64 = page?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(())
}
