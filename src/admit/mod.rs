//! May this request come in?
//!
//! ```text
//! request ─▶ key ─▶ read ─▶ quota ─▶ the layers inside, with a Payload
//!             │      │        │
//!             │      │        └ 429 too many requests or tokens for this caller
//!             │      └ 400 not well formed · 408 too slow · 413 too large
//!             └ 401 no key, or a wrong one · 403 one that manages keys
//! ```
//!
//! What is refused here has been planned for nobody and has cost nothing, so no record tells of it. Each of
//! them works alone; [`key`], [`read`] and [`quota`] show how.

pub mod key;
pub mod quota;
pub mod read;
