//! Tower layers that take one OpenAI-compatible call to whichever provider can answer it, and that
//! follow the answer to its last byte.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]
#![warn(clippy::disallowed_methods)]

pub mod admit;
pub mod catalog;
pub mod choose;
pub mod client;
pub mod dispatch;
#[cfg(feature = "gateway")]
#[cfg_attr(docsrs, doc(cfg(feature = "gateway")))]
pub mod gateway;
pub mod meter;
pub mod settle;
pub mod standing;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
pub mod wire;

mod attempt;
mod call;
mod chunks;
mod clock;
mod early;
mod error;
mod kind;
mod money;
mod payload;
mod plan;
mod stack;
mod telemetry;
mod usage;

pub use self::attempt::{Attempt, End, Found};
pub use self::call::{Call, DEFAULT_TRIES, GenerationId};
pub use self::early::Early;
pub use self::error::{BoxError, Error, Upstream};
pub use self::kind::{Again, Fault, Kind, Next, Phase, Rule};
pub use self::money::{Femto, Money, ParsePriceError, Price};
pub use self::payload::Payload;
pub use self::plan::{Candidate, Filter, Plan, Reason, Rejected};
pub use self::stack::{Chain, Stack};
pub use self::usage::Usage;
