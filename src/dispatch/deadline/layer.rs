use tower_layer::Layer;

use super::limits::Deadlines;
use super::service::Deadline;

/// Bounds each phase of an answer. See the [module docs](super).
#[derive(Clone, Copy, Debug, Default)]
pub struct DeadlineLayer {
    deadlines: Deadlines,
}

// === impl DeadlineLayer ===

impl DeadlineLayer {
    /// With these limits.
    pub fn new(deadlines: Deadlines) -> Self {
        Self { deadlines }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Deadline::new(inner, self.deadlines)
    }
}
