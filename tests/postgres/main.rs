//! The store in PostgreSQL, and leases on what it keeps.
//!
//! ```sh
//! eval "$(.ci/postgres start)"
//! cargo test --test postgres -- --include-ignored
//! .ci/postgres stop
//! ```

#[path = "../store/entries.rs"]
mod entries;
mod frozen;
mod journal;
mod leases;
mod many;
mod names;
mod relay;
mod schema;
mod store;
#[path = "../store/suite.rs"]
mod suite;
#[path = "../quota/thousand.rs"]
mod thousand;
