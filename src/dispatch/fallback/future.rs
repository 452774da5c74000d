use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::Request;
use pin_project::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

use super::layer::FallbackLayer;
use super::verdict::{Seen, Verdict, conclude, next, wait};
use crate::call::Call;
use crate::clock::now;
use crate::dispatch::common::Common;
use crate::dispatch::kept::Kept;
use crate::disposition::Next;
use crate::error::{BoxError, Error};
use crate::payload::Payload;
use crate::telemetry;

/// The future of [`Fallback`](super::Fallback).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<S: Service<Request<Payload>>> {
    #[pin]
    state: State<S::Future>,
    /// Few need it, and all would have to be moved.
    kept: Option<Box<Kept<S>>>,
    call: Call,
    settings: Arc<Common<S, FallbackLayer>>,
    seen: Seen,
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
        kept: Option<Box<Kept<S>>>,
        call: Call,
        settings: Arc<Common<S, FallbackLayer>>,
    ) -> Self {
        Self {
            state: State::Asking(first),
            kept,
            call,
            settings,
            seen: Seen::default(),
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
        loop {
            match this.state.as_mut().project() {
                StateProj::Asking(future) => {
                    let error = match ready!(future.poll(cx)) {
                        Ok(response) => return Poll::Ready(Ok(response)),
                        Err(error) => Error::from_inner(error),
                    };
                    let now = now();
                    let dispositions = &this.settings.dispositions;
                    let may = dispositions.after(&error, this.call).next;
                    this.seen.note_hedge(this.call, dispositions, now);
                    let (kind, at) = (error.kind(), this.call.at());
                    this.seen.note(kind, error.retry_after(), may, at, now);
                    let verdict = match turn(may, this.seen, this.call, this.settings, now) {
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
                            let longest = this.settings.wait;
                            let mut random = fastrand::Rng::new();
                            let refused = match this.kept {
                                Some(_) => wait(this.seen, this.call, longest, &mut random, now),
                                None => None,
                            };
                            let Some((at, until)) = refused else {
                                let error = conclude(error, this.seen, this.call, now);
                                return Poll::Ready(Err(error.with_attempts(this.call.attempts())));
                            };
                            this.call.turn_to(at);
                            telemetry::waiting(this.call, until.saturating_duration_since(now));
                            // Asking → Waiting
                            let sleep = Box::pin(tokio::time::sleep_until(until.into()));
                            this.state.set(State::Waiting(sleep));
                        }
                        Verdict::Final => {
                            return Poll::Ready(Err(error.with_attempts(this.call.attempts())));
                        }
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
                    let future = ready!(kept.poll_ask(cx, this.call, this.settings))
                        .map_err(|error| error.with_attempts(this.call.attempts()))?;
                    // Readying → Asking
                    this.state.set(State::Asking(future));
                }
            }
        }
    }
}

/// Whose turn is it now? A provider that this request has asked before has to be paid for from its
/// retry budget.
fn turn(may: Next, seen: &Seen, call: &Call, settings: &FallbackLayer, now: Instant) -> Verdict {
    let mut at = call.at();
    loop {
        match next(may, seen, call, at, now) {
            Verdict::Ask(place) => at = place,
            verdict => return verdict,
        }
        let candidate = call.plan().map(|plan| &plan.candidates[at]);
        let slug = candidate.map_or("", |it| it.endpoint.provider().slug());
        let own = candidate.is_some_and(|it| it.own_key.is_some());
        if own || !call.has_asked(slug) || settings.budgets.of(slug, now).withdraw(now) {
            return Verdict::Ask(at);
        }
    }
}
