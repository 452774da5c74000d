//! `switchtower.toml`, read key by key, so that every error can name its line and its field.

mod document;
mod model;
mod node;
mod provider;

pub(super) use document::{Keyless, read};
