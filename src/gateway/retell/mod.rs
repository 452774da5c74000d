//! Answers in the gateway's own words: its id, the served model, the provider, the cost.

mod stream;
mod telling;
mod template;
mod text;
mod whole;

pub(super) use self::stream::Stream;
pub(super) use self::whole::Whole;
