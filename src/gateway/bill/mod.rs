//! The bill: credits, what was spent and on what, statements, and all of it as a file.
//!
//! The figures are the store's, exact to the last digit; the handlers only say them.

mod activity;
mod credits;
mod export;
mod operator;
mod query;
mod spend;
mod statement;
mod table;

pub(super) use self::activity::list as activity;
pub(super) use self::credits::{credits, grant};
pub(super) use self::export::generations;
pub(super) use self::spend::spend;
pub(super) use self::statement::statement;
