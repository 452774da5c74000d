//! What there is to be asked: the catalogue in force, and how each endpoint does.
//!
//! ```text
//! GET /models?… ─▶ query ─▶ the rows of the catalogue ─▶ filter ▸ sort ▸ page ─▶ their JSON, told once each
//! ```
//!
//! What each parameter and each figure means stands in the docs of the [gateway](super).

mod endpoints;
mod filter;
mod list;
mod measured;
mod one;
mod page;
mod pricing;
mod providers;
mod query;
mod shelf;
mod sort;
mod summary;
mod told;

pub(super) use self::endpoints::{of_model, of_name, zdr};
pub(super) use self::list::{count, embeddings, list, own};
pub(super) use self::one::{bare, one};
pub(super) use self::providers::providers;
pub(super) use self::shelf::Shelf;
