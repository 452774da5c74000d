//! An endpoint that is left, and its place among the others.

use std::ops::Deref;
use std::sync::Arc;

use super::models::Wanted;
use super::rank::{Mode, Place};
use crate::plan::{Candidate, Reason};
use crate::standing::Backend;

/// An endpoint that no filter has removed. It borrows all it can: most of it is looked at once.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) wanted: Wanted<'a>,
    pub(super) backend: &'a Arc<Backend>,
    pub(super) mode: Mode,
    pub(super) place: Place,
    /// Does what it is ordered by still have to be measured?
    pub(super) unknown: bool,
    pub(super) reason: Reason,
}

/// The price of what nobody knows the price of, which is not free: above all others.
pub(super) const UNKNOWN: u64 = u64::MAX;

// === impl Entry ===

impl Deref for Entry<'_> {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        self.backend
    }
}

impl<'a> Entry<'a> {
    /// At its model's place and its own among all of the request. Everything else is `rank`'s to say.
    pub(super) fn new(
        wanted: Wanted<'a>,
        backend: &'a Arc<Backend>,
        (model, at): (u32, u32),
    ) -> Self {
        Self {
            wanted,
            backend,
            mode: Mode::Ordered,
            place: Place::unknown(model, at),
            unknown: false,
            reason: Reason::Listed,
        }
    }

    pub(super) fn candidate(&self) -> Candidate {
        Candidate {
            backend: self.backend.clone(),
            reason: self.reason,
            own_key: None,
        }
    }
}
