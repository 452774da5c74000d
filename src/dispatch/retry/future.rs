use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::Request;
use pin_project::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

use super::layer::RetryLayer;
use super::policy::{ShouldRetry, Situation, should_retry};
use super::service::Shared;
use crate::call::Call;
use crate::clock::now;
use crate::dispatch::common::Common;
use crate::dispatch::kept::Kept;
use crate::error::{BoxError, Error};
use crate::kind::Kind;
use crate::payload::Payload;
use crate::telemetry;

/// The future of [`Retry`](super::Retry).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<S: Service<Request<Payload>>> {
    #[pin]
    state: State<S::Future>,
    /// Few are asked again, and all would have to be moved.
    kept: Option<Box<Kept<S>>>,
    call: Call,
    shared: Arc<Common<S, Shared>>,
    retries: u32,
    /// Drawn by its first failure.
    seed: Option<u64>,
    /// When the last try was made.
    asked: Instant,
    /// What the last try came to.
    before: Option<Error>,
}

#[pin_project(project = StateProj)]
#[derive(Debug)]
enum State<F> {
    Asking(#[pin] F),
    Waiting(Pin<Box<Sleep>>),
    Readying,
}

// === impl ResponseFuture ===

impl<S: Service<Request<Payload>>> ResponseFuture<S> {
    pub(super) fn new(
        first: S::Future,
        kept: Option<Box<Kept<S>>>,
        call: Call,
        shared: Arc<Common<S, Shared>>,
        now: Instant,
    ) -> Self {
        let state = State::Asking(first);
        Self {
            state,
            kept,
            call,
            shared,
            retries: 0,
            seed: None,
            asked: now,
            before: None,
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
                    let (error, is_news) = match this.before.take() {
                        // That `gate` does not let it be asked again is no news.
                        Some(before) if matches!(error.kind(), Kind::Ejected(_)) => {
                            (before.with_retry_after(error.retry_after()), false)
                        }
                        _ => (error, true),
                    };
                    let now = now();
                    let settings = &this.shared.settings;
                    let seed = *this.seed.get_or_insert_with(|| this.shared.seed());
                    let situation = Situation {
                        again: settings.dispositions.after(&error, this.call).again,
                        took: now.saturating_duration_since(*this.asked),
                        fast: settings.fast,
                        retries: *this.retries,
                        max_retries: settings.retries,
                        tries: this.call.tries(),
                        others: this.call.others_left(now) + usize::from(this.call.has_company()),
                        time: this
                            .call
                            .until()
                            .map(|until| until.saturating_duration_since(now)),
                        // Whom `gate` refused with that key it would refuse again at once.
                        another_key: is_news && this.call.has_another_key(error.kind(), now),
                        seed: seed.wrapping_add(u64::from(*this.retries) << 32),
                    };
                    let ShouldRetry::After(wait) =
                        should_retry(&error, &situation, &settings.backoff)
                    else {
                        return Poll::Ready(Err(error.with_attempts(this.call.attempts())));
                    };
                    if this.kept.is_none() || !pays(settings, this.call, now) {
                        return Poll::Ready(Err(error.with_attempts(this.call.attempts())));
                    }
                    telemetry::retrying(this.call, &error, wait);
                    *this.retries += 1;
                    *this.before = Some(error);
                    // Asking → Waiting: the failed attempt is dropped here.
                    this.state
                        .set(State::Waiting(Box::pin(tokio::time::sleep(wait))));
                }
                StateProj::Waiting(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    // A hedge may have taken the last one meanwhile.
                    if this.call.tries() == 0
                        && let Some(error) = this.before.take()
                    {
                        return Poll::Ready(Err(error.with_attempts(this.call.attempts())));
                    }
                    // Waiting → Readying
                    this.state.set(State::Readying);
                }
                StateProj::Readying => {
                    let kept = this.kept.as_mut().expect("a retry needs it");
                    // This is a new attempt, also where a layer outside has begun the first one.
                    this.call.turn_to(this.call.at());
                    let future = ready!(kept.poll_ask(cx, this.call, this.shared))
                        .map_err(|error| error.with_attempts(this.call.attempts()))?;
                    *this.asked = now();
                    // Readying → Asking
                    this.state.set(State::Asking(future));
                }
            }
        }
    }
}

/// Takes a retry from the budget of the provider whose turn it is, if there is one left.
fn pays(settings: &RetryLayer, call: &Call, now: Instant) -> bool {
    let candidate = call.candidate();
    let provider = candidate.map_or("", |it| it.endpoint.provider().slug());
    settings.budgets.of(provider, now).withdraw(now)
}
