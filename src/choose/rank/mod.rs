//! In what order are they asked?

mod balance;
mod explore;
mod measure;
mod mode;
mod order;
mod place;
mod quality;
mod strategy;
mod thresholds;

pub(super) use self::mode::Mode;
pub(super) use self::order::rank;
pub(super) use self::place::Place;
