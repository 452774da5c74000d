use std::time::Duration;

use tower_layer::Layer;

use super::service::Read;
use crate::wishes::Allowed;

/// Reads request bodies. See the [module docs](super).
#[derive(Clone, Copy, Debug)]
pub struct ReadLayer {
    pub(super) limit: usize,
    pub(super) patience: Duration,
    pub(super) strict: bool,
    pub(super) total: Option<Duration>,
    pub(crate) allowed: Allowed,
}

// === impl ReadLayer ===

impl ReadLayer {
    /// With a limit of 32 MiB and two minutes: the largest body in time over two Mbit/s.
    pub fn new() -> Self {
        Self {
            limit: 32 << 20,
            patience: Duration::from_secs(120),
            strict: false,
            total: None,
            allowed: Allowed::default(),
        }
    }

    /// Sets how many bytes a body may have; more is a 413. At most 4 GiB - 1.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes.min(u32::MAX as usize);
        self
    }

    /// Sets how long a body may take to come; longer is a 408.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Bounds the time of the whole request, as [`deadline`](crate::dispatch::deadline) does, from its first byte on:
    /// so it also bounds how long a client is waited for that is not ready, and an endpoint that nobody has asked yet.
    #[must_use]
    pub fn total(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// Sets how far the [`Wishes`](crate::Wishes) of a request may go; by default as [`Allowed`] says.
    #[must_use]
    pub fn wishes(mut self, allowed: Allowed) -> Self {
        self.allowed = allowed;
        self
    }

    /// Refuses a body that lacks what its operation, by its path, cannot do without: `messages` for
    /// `chat/completions`. What no upstream could answer need not be asked of one.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }
}

impl Default for ReadLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for ReadLayer {
    type Service = Read<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Read::new(inner, *self)
    }
}
