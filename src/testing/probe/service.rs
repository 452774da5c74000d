use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use tower_service::Service;

use super::{
    Ask, ProbeFuture,
    future::Permit,
    state::{Readiness, State},
};

/// An error of any kind.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(super) type Respond<Req, Res> = dyn Fn(Req, &Ask) -> Result<Res, BoxError> + Send + Sync;

/// The inner service of a [`Probe`](super::Probe): it watches how it is used.
///
/// # Clone
///
/// A clone is never ready: it has to be asked itself.
pub struct ProbeService<Req, Res> {
    respond: Arc<Respond<Req, Res>>,
    state: Arc<State>,
    ready: bool,
}

// === impl ProbeService ===

impl<Req, Res> ProbeService<Req, Res> {
    pub(super) fn new(respond: Arc<Respond<Req, Res>>, state: Arc<State>) -> Self {
        Self {
            respond,
            state,
            ready: false,
        }
    }
}

impl<Req, Res> Service<Req> for ProbeService<Req, Res> {
    type Response = Res;
    type Error = BoxError;
    type Future = ProbeFuture<Req, Res>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let ready = &mut self.ready;
        self.state.poll(cx, |inner| {
            inner.tally.polls += 1;
            match inner.readiness {
                Readiness::Refused => {
                    return Poll::Ready(Err("the probe refuses readiness".into()));
                }
                _ if *ready => return Poll::Ready(Ok(())),
                Readiness::Held => return Poll::Pending,
                Readiness::Granted if !inner.has_room() => return Poll::Pending,
                Readiness::Granted => {}
            }
            *ready = true;
            inner.taken += 1;
            inner.tally.reserved += 1;
            Poll::Ready(Ok(()))
        })
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let was_ready = std::mem::take(&mut self.ready);
        let number = self.state.change(|inner| {
            let number = inner.tally.calls;
            inner.tally.calls += 1;
            inner.tally.in_flight += 1;
            inner.tally.peak = inner.tally.peak.max(inner.tally.in_flight);
            inner.tally.unready_calls += u64::from(!was_ready);
            inner.tally.reserved -= u64::from(was_ready);
            number
        });
        let permit = Permit::new(Arc::clone(&self.state), was_ready);
        ProbeFuture::new(request, number, Arc::clone(&self.respond), permit)
    }
}

impl<Req, Res> Clone for ProbeService<Req, Res> {
    fn clone(&self) -> Self {
        self.state.change(|inner| inner.tally.clones += 1);
        Self::new(Arc::clone(&self.respond), Arc::clone(&self.state))
    }
}

impl<Req, Res> Drop for ProbeService<Req, Res> {
    fn drop(&mut self) {
        if self.ready {
            self.state.change(|inner| {
                inner.taken -= 1;
                inner.tally.reserved -= 1;
            });
        }
    }
}

impl<Req, Res> fmt::Debug for ProbeService<Req, Res> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeService")
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}
