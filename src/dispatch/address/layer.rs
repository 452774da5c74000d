use tower_layer::Layer;

use super::Address;

/// Addresses a request to the candidate whose turn it is. See the [module docs](super).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AddressLayer {}

// === impl AddressLayer ===

impl AddressLayer {
    /// Has no settings: everything is in the plan.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S> Layer<S> for AddressLayer {
    type Service = Address<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Address { inner }
    }
}
