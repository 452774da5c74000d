//! With which key is an endpoint asked?
//!
//! ```text
//! provider ─┬─ key "1" ── bench: accepted, or not, for all endpoints at once
//!           └─ key "2" ── bench
//! endpoint ─┬─ with key "1" ── headroom, in flight, asked to wait
//!           └─ with key "2" ── headroom, in flight, asked to wait
//! ```
//!
//! A key that its provider does not accept, or whose quota is used up, is benched, not the endpoint; after a while one request finds
//! out whether it is good again. Of the others the one with the most headroom is taken, then the one that is under way the least.

mod access;
mod keyring;
mod standing;
mod view;

pub(crate) use self::access::{Access, Entry};
pub use self::standing::KeyStanding;
pub use self::view::KeyView;
