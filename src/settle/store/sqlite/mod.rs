//! A store in one SQLite file.
//!
//! ```text
//! ledger.db        rows, holds, sums of each day, credits, documents
//! ledger.db-wal    what was written last, until a thread of its own has carried it over
//! ledger.db-lock   one process at a time, whatever its name: a second one is refused, until the first has ended
//! ```
//!
//! # Durability
//!
//! A commit is written to the log file by one system call, before [`commit`](super::Store::commit) returns: from then on it
//! is the operating system's, and `kill -9` takes only what is the process's own. The disk has it later, unless the store
//! waits for it:
//!
//! | [`Durability`](crate::settle::Durability) | `synchronous` | after a power failure |
//! |---|---|---|
//! | `Memory` | `OFF` | the file may be damaged: for what may be lost as a whole |
//! | `Process` | `NORMAL` | the file is whole; commits since the last checkpoint, mostly the last second, may be missing |
//! | `Power` | `FULL` | each commit is there, for the price of an `fsync` |
//!
//! # Schema
//!
//! Its number is SQLite's `user_version`. An older one is migrated forward when the file is opened, in one transaction a
//! step; a newer one is refused with [`StoreError::Newer`](super::StoreError::Newer), and nothing is changed.
//!
//! # Retention
//!
//! Rows are kept until [`prune`](super::Store::prune) forgets them, which a journal does that is told how long to
//! [keep](crate::settle::JournalSettings::keep) them, in steps that let the writer in between. Their sums stay, and the room is used again; the file itself does not shrink.
//!
//! # Backup
//!
//! [`SqliteStore::backup`] writes a whole copy, as it is at that moment, while the store goes on; so does
//! `sqlite3 ledger.db "VACUUM INTO 'copy.db'"`. While it is written the log grows. A copy of the file alone, without its log,
//! is none. To restore one, put it in the place of the file while no process is on it, and delete the `-wal` and `-shm` files
//! of the old one.
//!
//! # Damage
//!
//! Each row and each sum has a check of its own. A damaged row is [`StoreError::Corrupt`](super::StoreError::Corrupt) for
//! who asks for it, with its name and time, so that one can read on behind it; all others are there. A damaged sum is made
//! anew from the rows of its day when a row is added to it, or by [`SqliteStore::rebuild`]. A damaged hold is an error when a
//! journal is opened, and a damaged credit when it is read: each is named, and `DELETE FROM holds WHERE id = '…'` lets go of it.

mod bytes;
mod check;
mod checkpoint;
mod entry;
mod fault;
mod lock;
mod read;
mod row;
mod schema;
mod settings;
mod store;
mod sums;
mod upgrade;
mod write;

pub use self::settings::SqliteSettings;
pub use self::store::SqliteStore;
