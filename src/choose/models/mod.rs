//! Which models does the request name?

mod able;
mod auto;
mod free;
mod list;
mod name;
mod variant;

pub(super) use self::list::{Models, Wanted};
#[cfg(feature = "gateway")]
pub(crate) use self::name::model;
pub(super) use self::variant::STATIC;
