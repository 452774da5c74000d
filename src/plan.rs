//! Who is to be asked, in which order and why.

use std::fmt;
use std::sync::Arc;

use crate::catalog::{Catalog, Endpoint, Model};
use crate::standing::Standing;

/// The endpoints in the order in which to ask them, pinned to one catalogue snapshot: prices never
/// change under a running request.
///
/// ```
/// use std::{sync::Arc, time::Instant};
/// use switchtower::catalog::Catalog;
/// use switchtower::choose::plan;
/// use switchtower::standing::Registry;
/// use switchtower::{BoxError, Filter, Payload, Reason};
///
/// # fn main() -> Result<(), BoxError> {
/// let catalog = Catalog::from_toml(r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     providers.beta.base_url = "https://api.beta.example/v1"
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
///     [[models.swift.endpoints]]
///     provider = "beta"
///     model = "swift-2"
/// "#, "switchtower.toml", |_| None)?;
///
/// let ask = Payload::read(r#"{"model": "swift", "provider": {"ignore": ["acme"], "order": ["beta"]}}"#)?;
/// let plan = plan(&ask, &Arc::new(catalog), &Registry::default(), 1, Instant::now())?;
/// assert_eq!(plan.candidates[0].endpoint.tag(), "beta");
/// assert_eq!(plan.candidates[0].reason, Reason::Ordered);
/// assert_eq!(plan.rejected[0].filter, Filter::Ignore);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    /// In the order in which to ask. Never empty.
    pub candidates: Vec<Candidate>,
    /// What was filtered out, and by which rule.
    pub rejected: Vec<Rejected>,
    /// The snapshot that the plan was made from.
    pub catalog: Arc<Catalog>,
}

/// One endpoint that may be asked.
///
/// See the example of [`Plan`]; [`Call::candidate`](crate::Call::candidate) gives the one whose turn it is.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The model that it serves.
    pub model: Arc<Model>,
    /// Where and at what price.
    pub endpoint: Arc<Endpoint>,
    /// What has been learned of it.
    pub standing: Arc<Standing>,
    /// Why it stands where it stands.
    pub reason: Reason,
}

/// An endpoint that may not be asked.
///
/// See the example of [`Plan`].
#[derive(Clone, Debug)]
pub struct Rejected {
    /// Which one.
    pub endpoint: Arc<Endpoint>,
    /// Which rule removed it.
    pub filter: Filter,
}

/// Why does a candidate stand where it stands?
///
/// See the example of [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Drawn by price: the cheaper, the likelier.
    Drawn,
    /// Not drawn, so next by price.
    Price,
    /// The caller's `provider.order` names it.
    Ordered,
    /// It has failed in the last thirty seconds, so it comes last.
    Unsteady,
}

/// Which rule removed an endpoint?
///
/// See the example of [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Filter {
    /// Not in `provider.only`.
    Only,
    /// In `provider.ignore`.
    Ignore,
    /// Dearer than `provider.max_price`, or of unknown price.
    MaxPrice,
    /// `provider.allow_fallbacks` is false and it is not in `provider.order`.
    AllowFallbacks,
}

// === impl Filter ===

impl Filter {
    /// The request field that set the rule.
    pub fn field(self) -> &'static str {
        match self {
            Filter::Only => "provider.only",
            Filter::Ignore => "provider.ignore",
            Filter::MaxPrice => "provider.max_price",
            Filter::AllowFallbacks => "provider.allow_fallbacks",
        }
    }
}

// === impl Reason ===

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Drawn => "drawn by price",
            Reason::Price => "next by price",
            Reason::Ordered => "named in provider.order",
            Reason::Unsteady => "failed recently",
        })
    }
}
