use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project::pin_project;
use tower_service::Service;

use super::body::Body;
use super::hold::Hold;
use super::ledger::Slot;
use crate::attempt::End;
use crate::error::{BoxError, Error};
use crate::payload::Payload;

/// The future of [`Settle`](super::Settle).
#[pin_project]
pub struct ResponseFuture<C, S: Slot>
where
    C: Service<Request<Payload>>,
{
    #[pin]
    state: State<C, C::Future, C::Response>,
    // Declared after what is inside: the attempt ends before the hold settles.
    hold: Option<Hold<S>>,
}

/// What is it waiting for?
#[expect(
    clippy::large_enum_variant,
    reason = "a future keeps in place what it waits for"
)]
#[pin_project(project = StateProj)]
enum State<C, F, R> {
    /// The ledger takes no such claim.
    Refused(Option<Error>),
    /// For the ledger, with the client that is ready, and the request for it.
    Holding(Option<(C, Request<Payload>)>),
    /// For the answer.
    Asking(#[pin] F),
    /// For the ledger again: the answer is over already.
    Written(Option<R>),
}

// === impl ResponseFuture ===

impl<C, S: Slot> ResponseFuture<C, S>
where
    C: Service<Request<Payload>>,
{
    pub(super) fn refused(error: Error) -> Self {
        Self {
            state: State::Refused(Some(error)),
            hold: None,
        }
    }

    /// Asks this client, which is ready, once the ledger has taken the claim.
    pub(super) fn holding(client: C, request: Request<Payload>, hold: Hold<S>) -> Self {
        Self {
            state: State::Holding(Some((client, request))),
            hold: Some(hold),
        }
    }

    pub(super) fn asking(answer: C::Future, hold: Hold<S>) -> Self {
        Self {
            state: State::Asking(answer),
            hold: Some(hold),
        }
    }
}

impl<C, B, S> Future for ResponseFuture<C, S>
where
    C: Service<Request<Payload>, Response = Response<B>>,
    C::Error: Into<BoxError> + 'static,
    B: http_body::Body<Data = Bytes>,
    S: Slot,
{
    type Output = Result<Response<Body<B, S>>, Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let hold = this.hold;
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Refused(error) => {
                    return Poll::Ready(Err(error.take().expect("polled after completion")));
                }
                StateProj::Holding(waiting) => {
                    let waits = hold.as_mut().expect("polled after completion");
                    if let Err(error) = ready!(waits.poll_held(cx)) {
                        hold.take();
                        return Poll::Ready(Err(error));
                    }
                    let (mut client, request) = waiting.take().expect("it is asked once");
                    State::Asking(client.call(request))
                }
                StateProj::Asking(answer) => match ready!(answer.poll(cx)) {
                    // Nobody polls a body that is over before it began.
                    Ok(response) if response.body().is_end_stream() => {
                        let hold = hold.as_mut().expect("polled after completion");
                        hold.settle(End::Complete);
                        State::Written(Some(response))
                    }
                    Ok(response) => {
                        let hold = hold.take().expect("polled after completion");
                        return Poll::Ready(Ok(response.map(|body| Body::new(body, hold))));
                    }
                    Err(error) => {
                        let error = Error::from_inner(error);
                        let mut hold = hold.take().expect("polled after completion");
                        hold.settle(End::Failed(error.kind()));
                        return Poll::Ready(Err(error));
                    }
                },
                StateProj::Written(response) => {
                    let waits = hold.as_mut().expect("polled after completion");
                    ready!(waits.poll_written(cx))?;
                    let hold = hold.take().expect("it is there still");
                    let response = response.take().expect("polled after completion");
                    return Poll::Ready(Ok(response.map(|body| Body::new(body, hold))));
                }
            };
            this.state.set(next);
        }
    }
}
