use tower_layer::Layer;

use super::service::Choose;
use crate::standing::Roster;

/// Makes a plan for every request. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct ChooseLayer {
    roster: Roster,
    seed: u64,
}

// === impl ChooseLayer ===

impl ChooseLayer {
    /// Chooses from this roster, or from a catalogue in an `Arc`, with a random seed.
    pub fn new(roster: impl Into<Roster>) -> Self {
        Self {
            roster: roster.into(),
            seed: fastrand::u64(..),
        }
    }

    /// Makes every draw repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What it chooses from.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }
}

impl<S> Layer<S> for ChooseLayer {
    type Service = Choose<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Choose::new(inner, self.roster.clone(), self.seed)
    }
}
