//! What remains of requests, where it outlives the process: rows, and the questions to them.
//!
//! A [`Store`] is a place for rows: in memory, in a file, or in a database. It knows nothing of limits and of who waits; a
//! ledger is built upon it.
//!
//! Its methods block: call them from a thread that may wait. Whatever may be many is read by pages: rows in the order of time,
//! all else in the order of names, so that each page is found at once, and none takes long. The methods that read all of it do
//! so by pages of 1,000.

mod credit;
mod document;
mod entry;
mod memory;
mod micros;
mod names;
mod of_record;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub mod postgres;
mod row;
mod spend;
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub mod sqlite;
mod sums;
mod traits;

pub use self::credit::{Credit, CreditKind};
pub use self::document::Document;
pub use self::entry::{Entry, HoldRow};
pub use self::memory::MemoryStore;
pub use self::names::Owned;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use self::postgres::{PostgresSettings, PostgresStore};
pub use self::row::{AttemptRow, Row};
pub use self::spend::{Dimension, Spend, SpendQuery};
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use self::sqlite::{SqliteSettings, SqliteStore};
pub use self::traits::{CreditQuery, RowQuery, Store, StoreError};
