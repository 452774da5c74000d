use std::sync::Arc;

use bytes::Bytes;

use super::{ProbeBody, state::State};

/// One call of a [`Probe`](super::Probe)'s inner service, as the closure that answers it sees it.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use switchtower::testing::{Ask, Probe, ProbeBody};
///
/// // Each service answers its first call with a 503.
/// let probe = Probe::new(|_: Request<()>, ask: &Ask| {
///     let mut response = Response::new(ask.body(["{}"]));
///     if ask.number() == 0 {
///         *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
///     }
///     Ok::<Response<ProbeBody>, _>(response)
/// });
/// # let _ = probe;
/// ```
#[derive(Debug)]
pub struct Ask {
    number: u64,
    state: Arc<State>,
}

// === impl Ask ===

impl Ask {
    pub(super) fn new(number: u64, state: Arc<State>) -> Self {
        Self { number, state }
    }

    /// How many calls came before it.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// A body of these frames, whose end and drop are counted.
    #[must_use]
    pub fn body<T: Into<Bytes>>(&self, frames: impl IntoIterator<Item = T>) -> ProbeBody {
        let frames = frames.into_iter().map(Into::into).collect();
        ProbeBody::new(frames, Arc::clone(&self.state))
    }
}
