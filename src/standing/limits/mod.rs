//! How much more may an endpoint be asked with one key?
//!
//! ```text
//! begun:     … 41  42  43  44  45  46 │ 47        what was asked since is taken off, whether it is under way or over
//!                  │               └──┴──────┐
//! answer to 42: 6 remain ─▶ up to 48 ────────┴─▶ 1 more, until the reset
//! ```
//!
//! What a provider says of its limits it says of the moment at which it was asked, so a figure counts from the request whose answer
//! brought it: whatever was begun after that one is taken off. An answer to an earlier request that comes late never allows more;
//! where it speaks of the same window it may allow less. When a window is over, the next one is taken to allow the limit, until an
//! answer says what it does.

mod counts;
mod gauge;
mod headroom;
mod ledger;
mod need;
mod pace;

pub(crate) use self::counts::{Counts, Ticket};
pub use self::headroom::{Headroom, Left};
pub(crate) use self::ledger::Announced;
pub use self::need::Need;
pub(crate) use self::pace::{FullFor, Governor};
