//! Ask until one answers.
//!
//! ```text
//! fallback ▸ retry ▸ commit ▸ deadline ▸ (meter) ▸ address ▸ your client
//!    │         │        │         │                  └ payload + candidate = one upstream request
//!    │         │        │         └ headers · first token · idle · total
//!    │         │        └ an Err until the first content token is in hand, an in-band event after it
//!    │         └ the same candidate again, after a backoff, within a budget
//!    └ the next candidate
//! ```
//!
//! `commit` makes the difference: every failure before the first content token is an `Err`, so that
//! [`retry`] and [`fallback`] are one loop each over a `Result`, and never see a body.

pub mod address;
pub mod commit;
pub mod deadline;
pub mod fallback;
pub mod retry;

mod kept;
