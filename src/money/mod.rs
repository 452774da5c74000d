//! Money as integers: what a unit costs, what many units cost, and what is charged. [`Price`] tells how
//! one becomes the other.

mod amount;
mod decimal;
mod femto;
mod price;
mod ratio;
mod total;

pub use amount::Money;
pub use decimal::ParsePriceError;
pub use femto::Femto;
pub use price::Price;
pub use ratio::Ratio;
pub use total::Total;
