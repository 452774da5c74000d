//! May this request come in?
//!
//! ```text
//! request ─▶ key ─▶ read ─▶ the layers inside, with a Payload
//!             │      │
//!             │      └ 400 not well formed · 408 too slow · 413 too large
//!             └ 401 no key, or a wrong one
//! ```
//!
//! What is refused here has been planned for nobody and has cost nothing, so no record tells of it. Each of
//! the two works alone; [`key`] and [`read`] show how.

pub mod key;
pub mod read;
