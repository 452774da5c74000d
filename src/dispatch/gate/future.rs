use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Response, StatusCode};
use pin_project::pin_project;

use crate::attempt::{Attempt, End};
use crate::clock::{now, wall};
use crate::error::{BoxError, Error};
use crate::standing::Outcome;

/// The future of [`Gate`](super::Gate).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<F> {
    #[pin]
    state: State<F>,
    // Declared after `state`: what is inside goes first, and knows better how it ended.
    guard: Guard,
}

#[pin_project(project = StateProj)]
#[derive(Debug)]
enum State<F> {
    Refused(Option<Error>),
    Asking(#[pin] F),
}

/// An attempt whose future was dropped has shown nothing.
#[derive(Debug)]
struct Guard(Option<Attempt>);

// === impl ResponseFuture ===

impl<F> ResponseFuture<F> {
    pub(super) fn refused(error: Error) -> Self {
        Self {
            state: State::Refused(Some(error)),
            guard: Guard(None),
        }
    }

    pub(super) fn new(inner: F, attempt: Attempt) -> Self {
        Self {
            state: State::Asking(inner),
            guard: Guard(Some(attempt)),
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError> + 'static,
{
    type Output = Result<Response<B>, Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let future = match this.state.project() {
            StateProj::Refused(error) => {
                let error = error.take().expect("polled after completion");
                return Poll::Ready(Err(error));
            }
            StateProj::Asking(future) => future,
        };
        let result = ready!(future.poll(cx));
        let attempt = this.guard.0.take().expect("polled after completion");
        match result {
            Ok(response) => {
                if attempt.is_metered() {
                    attempt.compare(response.extensions().get(), now);
                } else {
                    attempt.told(response.headers(), now(), wall);
                    attempt.judge(shown(response.status()), now());
                }
                Poll::Ready(Ok(response))
            }
            Err(error) => {
                let error = Error::from_inner(error);
                attempt.end(End::Failed(error.kind()), now());
                Poll::Ready(Err(error))
            }
        }
    }
}

/// What a status alone shows.
fn shown(status: StatusCode) -> Outcome {
    match status.as_u16() {
        429 => Outcome::Limited,
        500.. => Outcome::Failed,
        // The caller's fault as likely as ours.
        400.. => Outcome::Nothing,
        _ => Outcome::Succeeded,
    }
}

// === impl Guard ===

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(attempt) = &self.0 {
            attempt.judge(Outcome::Nothing, now());
        }
    }
}
