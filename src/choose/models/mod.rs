//! Which models does the request name?

mod able;
mod auto;
mod free;
mod list;
mod name;
mod variant;

pub(super) use self::list::{Models, Wanted};
pub(super) use self::variant::STATIC;
