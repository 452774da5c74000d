//! `switchtower.toml`, read key by key, so that every error can name its line and its field.

mod auto;
mod document;
mod endpoint;
mod keys;
mod limits;
mod model;
mod node;
mod prices;
mod provider;
mod sources;
mod unknown;

pub(super) use document::{Keyless, read};
