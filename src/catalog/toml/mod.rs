//! `switchtower.toml`, read key by key, so that every error can name its line and its field.

mod auto;
mod bounds;
mod document;
mod endpoint;
mod hold;
mod keys;
mod limits;
mod model;
mod node;
mod prices;
mod provider;
mod sources;
mod unknown;

pub(super) use document::{Keyless, read};
