use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::Request;
use pin_project::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

use super::layer::HedgeLayer;
use super::policy::{of_both, second, wait};
use crate::call::Call;
use crate::clock::{later, now};
use crate::dispatch::common::Common;
use crate::dispatch::kept::Kept;
use crate::error::{BoxError, Error};
use crate::kind::Kind;
use crate::payload::Payload;
use crate::telemetry;

/// The future of [`Hedge`](super::Hedge).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<S: Service<Request<Payload>>> {
    #[pin]
    first: First<S::Future>,
    /// None where nobody wants to be hedged.
    hedge: Option<Box<Hedging<S>>>,
}

#[pin_project(project = FirstProj)]
#[derive(Debug)]
enum First<F> {
    Asking(#[pin] F),
    Failed(Option<Error>),
    Superseded,
}

/// The second one, and what it takes to ask it.
#[derive(Debug)]
struct Hedging<S: Service<Request<Payload>>> {
    state: State<S::Future>,
    kept: Kept<S>,
    /// Of the first one.
    call: Call,
    /// Of the second one, once it is known who that is.
    other: Call,
    settings: Arc<Common<S, HedgeLayer>>,
    began: Instant,
}

#[derive(Debug)]
enum State<F> {
    /// Nobody has waited yet.
    Fresh,
    Waiting(Pin<Box<Sleep>>),
    Readying,
    Asking(Pin<Box<F>>),
    /// It has failed, or nobody was asked.
    Over(Option<Error>),
}

// === impl ResponseFuture ===

impl<S: Service<Request<Payload>>> ResponseFuture<S> {
    pub(super) fn alone(first: S::Future) -> Self {
        Self {
            first: First::Asking(first),
            hedge: None,
        }
    }

    pub(super) fn hedged(
        first: S::Future,
        kept: Kept<S>,
        call: Call,
        settings: Arc<Common<S, HedgeLayer>>,
        began: Instant,
    ) -> Self {
        let hedging = Hedging {
            state: State::Fresh,
            kept,
            other: call.clone(),
            call,
            settings,
            began,
        };
        Self {
            first: First::Asking(first),
            hedge: Some(Box::new(hedging)),
        }
    }
}

impl<S> Future for ResponseFuture<S>
where
    S: Service<Request<Payload>> + Clone,
    S::Error: Into<BoxError> + 'static,
{
    type Output = Result<S::Response, Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let FirstProj::Asking(future) = this.first.as_mut().project() {
            match future.poll(cx) {
                Poll::Ready(Ok(response)) => {
                    if let Some(hedge) = this.hedge {
                        hedge.lost();
                    }
                    *this.hedge = None;
                    return Poll::Ready(Ok(response));
                }
                Poll::Ready(Err(error)) => {
                    let error = Error::from_inner(error);
                    match this.hedge.take() {
                        None => return Poll::Ready(Err(error)),
                        Some(hedge) => match hedge.alone() {
                            Ok(hedge) => *this.hedge = Some(hedge),
                            Err(second) => return Poll::Ready(Err(of_both(error, second))),
                        },
                    }
                    // The failed one is dropped, and the other one goes on alone.
                    this.first.set(First::Failed(Some(error)));
                }
                Poll::Pending => {}
            }
        }
        let Some(hedge) = this.hedge else {
            return Poll::Pending;
        };
        match ready!(hedge.poll(cx)) {
            Ok(response) => {
                hedge.won();
                this.first.set(First::Superseded);
                *this.hedge = None;
                Poll::Ready(Ok(response))
            }
            Err(second) => match this.first.project() {
                FirstProj::Failed(first) => {
                    let first = first.take().expect("polled after completion");
                    Poll::Ready(Err(of_both(first, second)))
                }
                // The first one goes on alone.
                FirstProj::Asking(_) | FirstProj::Superseded => {
                    hedge.state = State::Over(second);
                    Poll::Pending
                }
            },
        }
    }
}

// === impl Hedging ===

impl<S> Hedging<S>
where
    S: Service<Request<Payload>> + Clone,
    S::Error: Into<BoxError> + 'static,
{
    /// Ready with the answer of the second one, with its error, or when nobody is asked.
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<S::Response, Option<Error>>> {
        loop {
            match &mut self.state {
                State::Fresh => {
                    let standing = self.call.candidate().map(|first| &first.standing);
                    let usual = standing.and_then(|standing| standing.late_after(self.began));
                    let wait = wait(usual, self.settings.floor, self.settings.cap);
                    let at = later(self.began, wait);
                    // Fresh → Waiting
                    self.state = State::Waiting(Box::pin(tokio::time::sleep_until(at.into())));
                }
                State::Waiting(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    if !self.turn(now()) {
                        return Poll::Ready(Err(None));
                    }
                    telemetry::hedging(&self.other);
                    // Waiting → Readying
                    self.state = State::Readying;
                }
                State::Readying => {
                    let asked = ready!(self.kept.poll_ask(cx, &self.other, &self.settings));
                    // Readying → Asking
                    self.state = State::Asking(Box::pin(asked.map_err(Some)?));
                }
                State::Asking(future) => {
                    return Poll::Ready(match ready!(future.as_mut().poll(cx)) {
                        Ok(response) => Ok(response),
                        Err(error) => Err(asked(Error::from_inner(error))),
                    });
                }
                State::Over(_) => return Poll::Pending,
            }
        }
    }

    /// Turns to the second one, if there is one, and its provider can bear it.
    fn turn(&mut self, now: Instant) -> bool {
        let Some(place) = second(&self.call, now) else {
            return false;
        };
        self.other.turn_to(place);
        let provider = self
            .other
            .candidate()
            .map(|other| other.endpoint.provider());
        provider.is_some_and(|provider| {
            let budget = self.settings.budgets.of(provider.slug(), now);
            budget.withdraw(now)
        })
    }

    /// The first one has failed. If the second one is not under way, so has this, with its error: whether anybody is asked
    /// after such a failure, and who, is for `fallback` to say.
    fn alone(self: Box<Self>) -> Result<Box<Self>, Option<Error>> {
        match self.state {
            State::Asking(_) => Ok(self),
            State::Fresh | State::Waiting(_) | State::Readying => Err(None),
            State::Over(error) => Err(error),
        }
    }

    /// The first one has answered; the second one is dropped next.
    fn lost(&mut self) {
        if self.other.at() != self.call.at() {
            self.other.supersede(now());
            self.call.answers();
        }
    }

    /// The second one has answered; the first one is dropped next.
    fn won(&mut self) {
        self.call.supersede(now());
        self.other.answers();
    }
}

/// Whom `gate` refuses has not been asked: `fallback` may ask it in its turn.
fn asked(error: Error) -> Option<Error> {
    (!matches!(error.kind(), Kind::Ejected(_))).then_some(error)
}
