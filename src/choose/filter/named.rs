//! Which endpoints does a name of `order`, `only` or `ignore` mean?

use crate::catalog::Endpoint;

/// A provider's slug or display name means all its endpoints, but for those of a tier; an endpoint's own tag means
/// that one, whatever it is.
pub(in crate::choose) fn named(name: &str, endpoint: &Endpoint) -> bool {
    let provider = endpoint.provider();
    let by_provider = || name == provider.slug() || name.eq_ignore_ascii_case(provider.name());
    name == endpoint.tag() || (endpoint.tier().is_none() && by_provider())
}

/// Where does it stand in the list?
pub(in crate::choose) fn place(names: &[String], endpoint: &Endpoint) -> Option<usize> {
    names.iter().position(|name| named(name, endpoint))
}

pub(super) fn exactly(names: &[String], endpoint: &Endpoint) -> bool {
    names.iter().any(|name| name == endpoint.tag())
}
