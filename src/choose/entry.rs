//! An endpoint that is left, and its place among the others.

use std::sync::Arc;

use super::models::Wanted;
use super::rank::{Mode, Place};
use crate::catalog::Endpoint;
use crate::plan::{Candidate, Reason};
use crate::standing::Standing;

/// An endpoint that no filter has removed. It borrows all it can: most of it is looked at once.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) wanted: Wanted<'a>,
    pub(super) endpoint: &'a Arc<Endpoint>,
    pub(super) standing: &'a Arc<Standing>,
    pub(super) mode: Mode,
    pub(super) place: Place,
    /// Does what it is ordered by still have to be measured?
    pub(super) unknown: bool,
    pub(super) reason: Reason,
}

/// The price of what nobody knows the price of, which is not free: above all others.
pub(super) const UNKNOWN: u64 = u64::MAX;

// === impl Entry ===

impl<'a> Entry<'a> {
    /// At its model's place and its own among all of the request. Everything else is `rank`'s to say.
    pub(super) fn new(
        wanted: Wanted<'a>,
        endpoint: &'a Arc<Endpoint>,
        standing: &'a Arc<Standing>,
        (model, at): (u32, u32),
    ) -> Self {
        Self {
            wanted,
            endpoint,
            standing,
            mode: Mode::Ordered,
            place: Place::unknown(model, at),
            unknown: false,
            reason: Reason::Listed,
        }
    }

    pub(super) fn candidate(&self) -> Candidate {
        Candidate {
            model: self.wanted.model.clone(),
            endpoint: self.endpoint.clone(),
            standing: self.standing.clone(),
            reason: self.reason,
            own_key: None,
        }
    }
}
