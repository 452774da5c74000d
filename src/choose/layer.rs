use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::service::Choose;
use crate::clock::now;
use crate::standing::{Roster, Sticky};

/// Makes a plan for every request. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct ChooseLayer {
    pub(super) roster: Roster,
    pub(super) seed: u64,
    pub(super) sticky: Option<Arc<Sticky>>,
}

// === impl ChooseLayer ===

impl ChooseLayer {
    /// Chooses from this roster, or from a catalogue in an `Arc`, with a random seed.
    pub fn new(roster: impl Into<Roster>) -> Self {
        Self {
            roster: roster.into(),
            seed: fastrand::u64(..),
            sticky: Some(Arc::new(Sticky::new(now()))),
        }
    }

    /// Makes every draw repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Keeps a conversation with whoever has answered it, for as long as it is [`idle`](Sticky::IDLE) at most, and remembers
    /// [so many](Sticky::CAPACITY) conversations. It does, unless told otherwise.
    #[must_use]
    pub fn sticky(mut self, idle: Duration, capacity: NonZeroUsize) -> Self {
        self.sticky = Some(Arc::new(Sticky::with(now(), idle, capacity)));
        self
    }

    /// Remembers no conversation.
    #[must_use]
    pub fn without_sticky(mut self) -> Self {
        self.sticky = None;
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
        Choose::new(inner, self.clone())
    }
}
