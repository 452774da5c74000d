//! What there is to tell of a key.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::access::Access;
use crate::standing::view::seconds;
use crate::standing::{Cause, Headroom, State};

/// How one endpoint does with one of its provider's keys. A part of [`CircuitView`](crate::standing::CircuitView).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyView<'a> {
    /// The name of the key, never a part of it; `none` if the provider wants none.
    pub label: &'a str,
    /// What happens to a request with it.
    pub state: State,
    /// Why it is not used.
    pub cause: Option<Cause>,
    /// After which time it is tried again; in JSON in seconds, rounded up. None if it is used.
    #[serde(serialize_with = "seconds")]
    pub reopens_in: Option<Duration>,
    /// Attempts with it that are under way.
    pub in_flight: u32,
    /// What its provider has announced, less what was begun since.
    pub headroom: Headroom,
}

// === impl KeyView ===

impl<'a> KeyView<'a> {
    pub(in crate::standing) fn of(access: &'a Access, now: Instant) -> Self {
        // What bars the key bars it everywhere.
        let circuits = [access.key().circuit(), access.circuit()];
        let closed = circuits
            .into_iter()
            .find(|circuit| circuit.state(now) != State::Admitting);
        let until = closed.and_then(|circuit| circuit.until(now));
        Self {
            label: access.key().label(),
            state: closed.map_or(State::Admitting, |circuit| circuit.state(now)),
            cause: closed.and_then(|circuit| circuit.cause(now)),
            reopens_in: until.map(|until| until.saturating_duration_since(now)),
            in_flight: access.in_flight(),
            headroom: access.headroom(now),
        }
    }
}
