use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Request;
use pin_project::pin_project;
use tower_service::Service;

use super::verdict::{Seen, Verdict, conclude, next};
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
}

#[pin_project(project = StateProj)]
#[derive(Debug)]
enum State<F> {
    Asking(#[pin] F),
    Readying,
}

// === impl ResponseFuture ===

impl<S: Service<Request<Payload>>> ResponseFuture<S> {
    pub(super) fn new(
        first: S::Future,
        kept: Option<Kept<S>>,
        call: Call,
        budgets: Budgets,
    ) -> Self {
        let seen = Seen::default();
        Self {
            state: State::Asking(first),
            kept,
            call,
            budgets,
            seen,
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
                    this.seen.note(&error, this.call.at());
                    match turn(&error, this.seen, this.call, this.budgets) {
                        // Asking → Readying
                        Verdict::Ask(at) if this.kept.is_some() => {
                            this.call.turn_to(at);
                            telemetry::falling_back(this.call, &error);
                            this.state.set(State::Readying);
                        }
                        // Without the request nobody can be asked: `choose` is inside.
                        Verdict::Ask(_) | Verdict::NobodyLeft => {
                            return Poll::Ready(Err(conclude(error, this.seen)));
                        }
                        Verdict::Final => return Poll::Ready(Err(error)),
                    }
                }
                StateProj::Readying => {
                    let kept = this.kept.as_mut();
                    let kept = kept.expect("a plan with several candidates keeps it");
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
fn turn(error: &Error, seen: &Seen, call: &Call, budgets: &Budgets) -> Verdict {
    let now = now();
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
