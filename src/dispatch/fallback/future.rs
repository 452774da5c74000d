use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::Request;
use pin_project::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

use super::verdict::{Seen, Verdict, conclude, next, wait};
use crate::call::Call;
use crate::clock::now;
use crate::dispatch::kept::Kept;
use crate::dispatch::retry::Budgets;
use crate::error::{BoxError, Error};
use crate::payload::Payload;
use crate::telemetry;

/// The future of [`Fallback`](super::Fallback).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<S: Service<Request<Payload>>> {
    #[pin]
    state: State<S::Future>,
    kept: Option<Kept<S>>,
    call: Call,
    budgets: Budgets,
    seen: Seen,
    wait: Duration,
}

#[pin_project(project = StateProj)]
#[derive(Debug)]
enum State<F> {
    Asking(#[pin] F),
    /// Nobody is left but those whom `gate` has refused.
    Waiting(Pin<Box<Sleep>>),
    Readying,
}

// === impl ResponseFuture ===

impl<S: Service<Request<Payload>>> ResponseFuture<S> {
    pub(super) fn new(
        first: S::Future,
        kept: Option<Kept<S>>,
        call: Call,
        budgets: Budgets,
        wait: Duration,
    ) -> Self {
        let seen = Seen::default();
        Self {
            state: State::Asking(first),
            kept,
            call,
            budgets,
            seen,
            wait,
        }
    }
}

impl<S> Future for ResponseFuture<S>
where
    S: Service<Request<Payload>>,
    S::Error: Into<BoxError> + 'static,
{
    type Output = Result<S::Response, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProj::Asking(future) => {
                    let error = match ready!(future.poll(cx)) {
                        Ok(response) => return Poll::Ready(Ok(response)),
                        Err(error) => Error::from_inner(error),
                    };
                    let now = now();
                    this.seen.note(&error, this.call.at(), now);
                    let verdict = match turn(&error, this.seen, this.call, this.budgets, now) {
                        // Without the request nobody can be asked: `choose` is inside.
                        Verdict::Ask(_) if this.kept.is_none() => Verdict::NobodyLeft,
                        verdict => verdict,
                    };
                    match verdict {
                        // Asking → Readying
                        Verdict::Ask(at) => {
                            this.call.turn_to(at);
                            telemetry::falling_back(this.call, &error);
                            this.state.set(State::Readying);
                        }
                        Verdict::NobodyLeft => {
                            let refused = match this.kept {
                                Some(_) => wait(this.seen, this.call, *this.wait, now),
                                None => None,
                            };
                            let Some((at, until)) = refused else {
                                return Poll::Ready(Err(conclude(error, this.seen, now)));
                            };
                            this.call.turn_to(at);
                            telemetry::waiting(this.call, until.saturating_duration_since(now));
                            // Asking → Waiting
                            let sleep = Box::pin(tokio::time::sleep_until(until.into()));
                            this.state.set(State::Waiting(sleep));
                        }
                        Verdict::Final => return Poll::Ready(Err(error)),
                    }
                }
                StateProj::Waiting(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    // Waiting → Readying
                    this.state.set(State::Readying);
                }
                StateProj::Readying => {
                    let kept = this.kept.as_mut();
                    let kept = kept.expect("nobody turns to another without it");
                    let future = ready!(kept.poll_ask(cx, this.call))?;
                    // Readying → Asking
                    this.state.set(State::Asking(future));
                }
            }
        }
    }
}

/// Whose turn is it now? A provider that this request has asked before has to be paid for from its
/// retry budget.
fn turn(error: &Error, seen: &Seen, call: &Call, budgets: &Budgets, now: Instant) -> Verdict {
    let mut at = call.at();
    loop {
        match next(error, seen, call, at, now) {
            Verdict::Ask(place) => at = place,
            verdict => return verdict,
        }
        let provider = |at: usize| {
            call.plan()
                .map(|plan| plan.candidates[at].endpoint.provider())
        };
        let asked = call.with_attempts(|attempts| {
            attempts.iter().any(|attempt| {
                attempt
                    .candidate()
                    .map(|candidate| candidate.endpoint.provider().slug())
                    == provider(at).map(|provider| provider.slug())
            })
        });
        let slug = provider(at).map_or("", |provider| provider.slug());
        if !asked || budgets.of(slug, now).withdraw(now) {
            return Verdict::Ask(at);
        }
    }
}
