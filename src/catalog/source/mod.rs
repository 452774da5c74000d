//! Sources: other people's lists of models and prices, laid under what the operator has written.
//!
//! ```text
//! switchtower.toml      providers, keys, and what the operator knows better
//!   sources[0]          each layer says what none above it has said,
//!   sources[1]          and changes nothing that one has
//!   embedded
//! ```
//!
//! A file is bytes, then a checked [`Value`](value::Value), then a [`Sheet`](sheet::Sheet) of the rows that are of a
//! provider which the catalogue has, with a [`Report`] of all others; sheets are merged into one catalogue.

mod changes;
mod company;
mod embedded;
mod fill;
mod format;
mod gather;
mod genai;
mod held;
mod litellm;
mod merge;
mod name;
mod openrouter;
mod reloader;
mod report;
mod sheet;
mod skipped;
mod value;
mod wanted;

pub use changes::{Changes, Repriced};
pub use format::Format;
pub(super) use gather::gather;
pub use held::Held;
pub(super) use name::same_company;
pub use reloader::{ReloadError, Reloader};
pub use report::{Report, Unpriced};
pub use skipped::{Gap, Skipped};
pub(super) use wanted::{Files, Wanted};
