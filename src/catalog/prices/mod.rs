//! What one endpoint asks for each kind of token, and when it asks for more or less.
//!
//! ```text
//! Prices ──▶ Rate → Price                  the base list
//!    └─────▶ Override   above N tokens     every condition must hold;
//!            Override   from 22:00 to 6    a later one wins, rate by rate
//! ```

mod hours;
mod in_force;
mod list;
mod price_override;
mod rate;
mod unknown;
mod weekday;

pub use hours::{Hours, InvalidHours};
pub use list::Prices;
pub use price_override::Override;
pub use rate::Rate;
pub use unknown::UnknownPrices;
pub use weekday::Weekday;
