//! What there is to tell of a circuit.

use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use super::condition::{Cause, State};
use super::endpoint::Standing;
use super::keys::KeyView;
use crate::catalog::Endpoint;

/// One endpoint's [`Circuit`](super::Circuit) as it stands now, for people: [`Lineup::circuits`](super::Lineup::circuits)
/// gives them.
///
/// ```
/// use std::{sync::Arc, time::{Duration, Instant}};
/// use switchtower::{catalog::Catalog, standing::{Cause, Roster}};
///
/// # fn main() -> Result<(), switchtower::BoxError> {
/// let catalog = Catalog::from_toml(r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
/// "#, "switchtower.toml", |_| None)?;
/// let (lineup, now) = (Roster::from(Arc::new(catalog)).lineup(), Instant::now());
///
/// let acme = &lineup.catalog().models()[0].endpoints()[0];
/// lineup.standing(acme).eject(Duration::from_secs(60), now);
/// let circuit = lineup.circuits(now).next().unwrap();
/// assert_eq!((circuit.tag, circuit.cause), ("acme", Some(Cause::Operator)));
/// assert!(circuit.reopens_in.unwrap() > Duration::from_secs(59));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CircuitView<'a> {
    /// The key of the endpoint, which no other one has.
    pub endpoint: &'a str,
    /// The model that it serves.
    pub model: &'a str,
    /// Its tag, which callers name it by.
    pub tag: &'a str,
    /// What happens to a request for it.
    pub state: State,
    /// Why it is not let through.
    pub cause: Option<Cause>,
    /// After which time it is probed, or let through again; in JSON in seconds, rounded up. None if it is let through.
    #[serde(serialize_with = "seconds")]
    pub reopens_in: Option<Duration>,
    /// Failures in a row since the last success or ejection.
    pub failures: u32,
    /// Ejections since it was last trusted; at most 15 are counted.
    pub ejections: u32,
    /// Is it let through again, but not yet [trusted](super::Breaker::trial)?
    pub on_trial: bool,
    /// With each of its provider's keys, in their order.
    pub keys: Vec<KeyView<'a>>,
}

// === impl CircuitView ===

impl<'a> CircuitView<'a> {
    /// Of this endpoint, whose standing this is.
    pub fn of(endpoint: &'a Endpoint, standing: &'a Standing, now: Instant) -> Self {
        let circuit = standing.circuit();
        let until = circuit.until(now);
        let accesses = standing.accesses().iter();
        let keys: Vec<_> = accesses.map(|access| KeyView::of(access, now)).collect();
        let view = Self {
            endpoint: endpoint.key(),
            model: endpoint.model(),
            tag: endpoint.tag(),
            state: circuit.state(now),
            cause: circuit.cause(now),
            reopens_in: until.map(|until| until.saturating_duration_since(now)),
            failures: circuit.failures(),
            ejections: circuit.ejections(now),
            on_trial: circuit.is_on_trial(now),
            keys: Vec::new(),
        };
        // Without a key that is used nobody is let through either.
        let first = keys.iter().min_by_key(|key| key.reopens_in);
        let view = match (view.state, first) {
            (State::Admitting, Some(key)) => Self {
                state: key.state,
                cause: key.cause,
                reopens_in: key.reopens_in,
                ..view
            },
            _ => view,
        };
        Self { keys, ..view }
    }
}

pub(super) fn seconds<S: Serializer>(
    wait: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let up = |wait: &Duration| wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    wait.as_ref().map(up).serialize(serializer)
}
