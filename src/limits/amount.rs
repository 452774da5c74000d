//! So much, as people read it.

use std::fmt;

use super::unit::Unit;
use crate::money::Total;

/// So much of this unit, as people read it: money as USD.
pub(crate) struct Amount(pub(crate) Unit, pub(crate) u64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unit::Money => Total::from_picodollars(self.1.into()).fmt(f),
            Unit::Requests | Unit::Tokens | Unit::Concurrency => self.1.fmt(f),
        }
    }
}
