//! What has been learned of one key.

use std::time::{Duration, Instant};

use crate::catalog::{Key, Pace, Provider};
use crate::standing::Circuit;
use crate::standing::limits::Governor;

/// Whether a provider accepts one of its keys. All its endpoints share it, so that what one has found out they all know.
///
/// ```
/// use std::{sync::Arc, time::{Duration, Instant}};
/// use switchtower::{catalog::Catalog, standing::{Roster, State}};
///
/// # fn main() -> Result<(), switchtower::BoxError> {
/// let catalog = Catalog::from_toml(r#"
///     providers.acme = { base_url = "https://api.acme.example/v1", keys = ["$ACME_A", "$ACME_B"] }
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
/// "#, "switchtower.toml", |name| Some(format!("secret of {name}")))?;
/// let (lineup, now) = (Roster::from(Arc::new(catalog)).lineup(), Instant::now());
///
/// let key = lineup.key("acme", "2").unwrap();
/// key.eject(Duration::from_secs(60), now);
/// assert_eq!(key.circuit().state(now), State::Ejected);
/// key.readmit(now);
/// assert_eq!(key.circuit().state(now), State::Admitting);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct KeyStanding {
    /// None: the provider wants none.
    key: Option<Key>,
    circuit: Circuit,
    governor: Option<Governor>,
}

// === impl KeyStanding ===

impl KeyStanding {
    /// Of no key: nothing can be wrong with it.
    pub(crate) fn none(pace: Pace, now: Instant) -> Self {
        Self::new(None, pace, now)
    }

    /// One for each key of this provider; at least one.
    pub(crate) fn all_of(provider: &Provider, now: Instant) -> Vec<Self> {
        if provider.keys().is_empty() {
            return vec![Self::none(provider.pace(), now)];
        }
        let keys = provider.keys().iter().map(|key| {
            let pace = key.pace().unwrap_or(provider.pace());
            Self::new(Some(key.clone()), pace, now)
        });
        keys.collect()
    }

    /// Of this key alone.
    pub(crate) fn of(key: Key, pace: Pace, now: Instant) -> Self {
        Self::new(Some(key), pace, now)
    }

    fn new(key: Option<Key>, pace: Pace, now: Instant) -> Self {
        Self {
            key,
            circuit: Circuit::new(now),
            governor: Governor::new(pace, now),
        }
    }

    /// The name by which the key is told; `none` if there is none.
    pub fn label(&self) -> &str {
        self.key.as_ref().map_or("none", Key::label)
    }

    /// May it be used?
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Lets no request use it for this long, by the operator's word; after it one finds out.
    pub fn eject(&self, wait: Duration, now: Instant) {
        self.circuit.eject(wait, now);
    }

    /// Lets requests use it again, whatever it was benched for.
    pub fn readmit(&self, now: Instant) {
        self.circuit.readmit(now);
    }

    pub(crate) fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    pub(crate) fn governor(&self) -> Option<&Governor> {
        self.governor.as_ref()
    }

    /// Is it the same key, used as often?
    pub(crate) fn is(&self, other: &Self) -> bool {
        let pace = |key: &Self| key.governor.as_ref().map(Governor::pace);
        self.key == other.key && pace(self) == pace(other)
    }
}
