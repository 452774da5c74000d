use tower_layer::Layer;

use super::service::Commit;

/// Holds an answer back until its first content token. See the [module docs](super).
#[derive(Clone, Copy, Debug, Default)]
pub struct CommitLayer {
    bounds: Bounds,
}

/// How much is held back: more of a stream makes a commitment all the same.
///
/// ```
/// use switchtower::dispatch::commit::{Bounds, CommitLayer};
///
/// let bounds = Bounds { whole_bytes: 1 << 20, ..Bounds::default() };
/// let layer = CommitLayer::new().bounds(bounds);
/// # let _ = layer;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of an event stream before its first content. Default 256 KiB.
    pub stream_bytes: usize,
    /// Events before the first content, comments among them. Default 1024.
    pub stream_events: usize,
    /// Bytes of an answer that is no event stream; a larger one is a failure. Default 32 MiB.
    pub whole_bytes: usize,
}

// === impl CommitLayer ===

impl CommitLayer {
    /// With the default [`Bounds`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds back at most this much.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }
}

impl<S> Layer<S> for CommitLayer {
    type Service = Commit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Commit::new(inner, self.bounds)
    }
}

// === impl Bounds ===

impl Default for Bounds {
    fn default() -> Self {
        Self {
            stream_bytes: 256 << 10,
            stream_events: 1024,
            whole_bytes: 32 << 20,
        }
    }
}
