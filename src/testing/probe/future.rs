use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use super::{
    Ask,
    service::{BoxError, Respond},
    state::State,
};

/// The future of a [`ProbeService`](super::ProbeService): its drop before its end is a cancellation.
pub struct ProbeFuture<Req, Res> {
    request: Option<Req>,
    number: u64,
    respond: Arc<Respond<Req, Res>>,
    permit: Permit,
}

/// A running call; what it took is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    state: Arc<State>,
    taken: bool,
    ended: bool,
}

// === impl ProbeFuture ===

impl<Req, Res> ProbeFuture<Req, Res> {
    pub(super) fn new(
        request: Req,
        number: u64,
        respond: Arc<Respond<Req, Res>>,
        permit: Permit,
    ) -> Self {
        Self {
            request: Some(request),
            number,
            respond,
            permit,
        }
    }
}

impl<Req, Res> Unpin for ProbeFuture<Req, Res> {}

impl<Req, Res> Future for ProbeFuture<Req, Res> {
    type Output = Result<Res, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let number = this.number;
        let state = Arc::clone(&this.permit.state);
        let fails = ready!(state.poll(cx, |inner| match inner.calls_held {
            true => Poll::Pending,
            false => Poll::Ready(number < inner.failures),
        }));
        let request = this
            .request
            .take()
            .expect("a future is not polled after its end");
        this.permit.end();
        if fails {
            return Poll::Ready(Err("the probe fails this call".into()));
        }
        Poll::Ready((this.respond)(request, &Ask::new(number, state)))
    }
}

impl<Req, Res> fmt::Debug for ProbeFuture<Req, Res> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeFuture")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

// === impl Permit ===

impl Permit {
    pub(super) fn new(state: Arc<State>, taken: bool) -> Self {
        Self {
            state,
            taken,
            ended: false,
        }
    }

    fn end(&mut self) {
        self.give_back(0);
        self.ended = true;
    }

    fn give_back(&self, cancelled: u64) {
        self.state.change(|inner| {
            inner.taken -= u64::from(self.taken);
            inner.tally.in_flight -= 1;
            inner.tally.cancelled += cancelled;
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.ended {
            self.give_back(1);
        }
    }
}
