//! Who may answer the request?

mod caps;
mod hard;
mod named;
mod needs;
mod soft;

pub(super) use self::hard::Filters;
pub(super) use self::named::place;
pub(super) use self::needs::Needs;
