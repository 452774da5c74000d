use tower_layer::Layer;

use super::service::Meter;

/// Watches every answer. See the [module docs](super).
#[derive(Clone, Copy, Debug, Default)]
pub struct MeterLayer {
    pub(super) always_usage: bool,
    pub(super) same_form: bool,
}

// === impl MeterLayer ===

impl MeterLayer {
    /// Hides the usage event of a stream from a caller who did not ask for it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the usage event through to every caller.
    #[must_use]
    pub fn always_usage(mut self) -> Self {
        self.always_usage = true;
        self
    }

    /// Fails an answer that is one document where a stream was asked for, or a stream where none was:
    /// the caller could not read it.
    #[must_use]
    pub fn same_form(mut self) -> Self {
        self.same_form = true;
        self
    }
}

impl<S> Layer<S> for MeterLayer {
    type Service = Meter<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Meter::new(inner, *self)
    }
}
