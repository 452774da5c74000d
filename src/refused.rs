//! What a refusal to plan tells beside its sentence.

use crate::plan::{Filter, Rejected, Routing};
use crate::wire::Operation;

/// Of which models can nobody be asked, and why not?
///
/// [`Error::refused`](crate::Error::refused) has it, if [`choose`](crate::choose) made no plan.
///
/// ```
/// use std::{sync::Arc, time::Instant};
/// use switchtower::{Filter, Payload, choose::{Ask, plan}, catalog::Catalog, standing::Roster};
///
/// # fn main() -> Result<(), switchtower::BoxError> {
/// let catalog = Catalog::from_toml(r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
/// "#, "switchtower.toml", |_| None)?;
///
/// let payload = Payload::read(r#"{"model": "swift", "provider": {"zdr": true}}"#)?;
/// let ask = Ask::new(&payload, 1, Instant::now());
/// let error = plan(&ask, &Roster::from(Arc::new(catalog)).lineup()).unwrap_err();
/// let refused = error.refused().unwrap();
/// assert_eq!(&*refused.requested[0], "swift");
/// assert_eq!(refused.rejected[0].filter, Filter::Zdr);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Refused {
    /// The models' names as the caller has sent them, in order: at most 64, cut at 128 characters.
    pub requested: Vec<Box<str>>,
    /// How the first name led to its models.
    pub routing: Routing,
    /// Their endpoints, and the rule that removed each; none if no model was found.
    pub rejected: Vec<Rejected>,
    /// What the model would have answered.
    pub right: Option<Operation>,
}

// === impl Refused ===

impl Refused {
    /// Has each endpoint been removed by one of these rules? Not where there was none.
    pub(crate) fn all_by(&self, rules: &[Filter]) -> bool {
        let mut rejected = self.rejected.iter();
        !self.rejected.is_empty() && rejected.all(|rejected| rules.contains(&rejected.filter))
    }
}
