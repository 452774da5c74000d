//! A store in PostgreSQL, for several replicas. Feature `postgres`.
//!
//! ```no_run
//! use std::sync::Arc;
//! use switchtower::settle::store::{PostgresSettings, PostgresStore, Store};
//!
//! let settings = PostgresSettings::default();
//! let store = PostgresStore::open("postgres://switchtower@10.0.0.7/ledger", settings)?;
//! let store: Arc<dyn Store> = Arc::new(store);
//! assert!(store.holds()?.is_empty());
//! # Ok::<(), switchtower::settle::store::StoreError>(())
//! ```
//!
//! Tables are made in the first schema of the connection's `search_path`, and brought up to date, under a lock, by whoever
//! comes first; a database that a newer version has written is refused. Their names begin with `switchtower_`.
//!
//! | what fails | what happens |
//! |---|---|
//! | the database is gone, or says nothing for [`patience`](PostgresSettings::patience) | [`Away`](super::StoreError::Away), at once as long as the last try to connect is not [`pause`](PostgresSettings::pause) ago |
//! | it has no room left | [`Full`](super::StoreError::Full) |
//! | it was switched to a replica that only reads | [`Away`](super::StoreError::Away) |
//! | another process took our [name](super::Store::own) while the connection was broken | [`Taken`](super::StoreError::Taken) for what is to be held under it, until it has gone; what we held has become its abandoned, and our rows take the place of that |
//! | a row cannot be read | [`Corrupt`](super::StoreError::Corrupt), with its name |
//!
//! What was not told to be written may have been written all the same, if the word of it was lost on the way. So each entry
//! has a name, and whoever writes it again changes nothing.
//!
//! A name is an advisory lock of the connection that writes, and is taken again, before anything is held under it, by each that
//! comes after it. Who starts under a name that is taken waits for it up to eight tenths of the patience. After `kill -9` it is free
//! at once; after the loss of a machine or of the network within about eleven seconds, when the database has missed it. It stays
//! taken until the store is dropped, also where whoever took it has gone before. A pooler in between has to keep sessions apart.
//!
//! Letters that PostgreSQL cannot store, those of the number zero, become `U+FFFD`. Numbers beyond 2⁶³ − 1 become that.

mod connect;
mod day;
mod entry;
mod fault;
mod kept;
mod leases;
mod lives;
mod own;
mod pool;
mod prune;
mod pruned;
mod read;
mod row;
mod runtime;
mod schema;
mod settings;
mod spend;
mod store;
mod text;
mod wheres;
mod write;

pub use self::settings::PostgresSettings;
pub use self::store::PostgresStore;
