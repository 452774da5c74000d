//! What an upstream does with one call: what it says, how fast, how it is spelled, and what goes wrong.
//!
//! A [`Script`] is a plain value. The default one is a provider on a good day: it streams if it was
//! asked to, tells its usage if it was asked to, and answers at once. Each setter changes one thing.

mod answer;
mod base;
mod failure;
mod headers;
mod mishap;
mod pace;
mod spelling;
mod usage;

pub use base::Script;
pub use failure::Failure;
pub use mishap::Point;
pub use usage::UsageManner;

pub(crate) use answer::{Answer, Content, Finish, ToolCall};
pub(crate) use mishap::Mishap;
pub(crate) use pace::Pace;
pub(crate) use spelling::Spelling;
