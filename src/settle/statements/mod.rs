//! What an account owes, and for what: statements whose lines add up.
//!
//! A [`Statement`] is of one account and one month, in UTC. Credits come in, charges and fees go out, each exactly once:
//!
//! ```text
//! opening + credits − charges − fees = closing = the next month's opening
//! ```
//!
//! A request belongs to the day on which it came. As long as the month is not over, and requests of it are under way,
//! a statement is one of so far.

mod month;
mod reconcile;
mod statement;

pub use self::month::{Month, NotAMonth};
pub use self::reconcile::{Billed, Difference, Reconciliation, reconcile};
pub use self::statement::{Line, Statement, StatementError, balance};
