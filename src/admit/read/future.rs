use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, request};
use pin_project::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower_service::Service;

use super::idle::Idle;
use super::layer::ReadLayer;
use crate::call::Call;
use crate::chunks::Chunks;
use crate::clock::{later, now};
use crate::error::{BoxError, Error};
use crate::kind::{Kind, Phase};
use crate::payload::Payload;
use crate::wire::Operation;

/// The future of [`Read`](super::Read).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<S: Service<Request<Payload>>, B> {
    #[pin]
    state: State<S, S::Future, B>,
}

#[pin_project(project = StateProj)]
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "what a request takes before it is asked lies in the room that the future inside needs later"
)]
enum State<S, F, B> {
    Refused(Option<Error>),
    Preparing(#[pin] Preparing<S, B>),
    Asking(#[pin] F),
}

/// A request that is read, until who is to be asked is ready for it.
#[pin_project]
#[derive(Debug)]
struct Preparing<S, B> {
    #[pin]
    body: B,
    read: Chunks,
    /// Once it is read.
    payload: Option<Payload>,
    /// For more of the body, or for who is to be asked.
    sleep: Option<Pin<Box<Sleep>>>,
    limit: usize,
    patience: Duration,
    strict: bool,
    call: Call,
    head: Option<request::Parts>,
    /// Who is to be asked, once there is something to ask.
    inner: Option<Box<S>>,
    idle: Arc<Idle<S>>,
}

// === impl ResponseFuture ===

impl<S: Service<Request<Payload>>, B> ResponseFuture<S, B> {
    pub(super) fn refused(error: Error) -> Self {
        let state = State::Refused(Some(error));
        Self { state }
    }

    pub(super) fn new(
        idle: Arc<Idle<S>>,
        request: Request<B>,
        call: Call,
        settings: ReadLayer,
    ) -> Self {
        let (head, body) = request.into_parts();
        let state = State::Preparing(Preparing {
            body,
            read: Chunks::default(),
            payload: None,
            sleep: None,
            limit: settings.limit,
            patience: settings.patience,
            strict: settings.strict,
            call,
            head: Some(head),
            inner: None,
            idle,
        });
        Self { state }
    }
}

impl<S, B> Future for ResponseFuture<S, B>
where
    S: Service<Request<Payload>> + Clone,
    S::Error: Into<BoxError> + 'static,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Output = Result<S::Response, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProj::Refused(error) => {
                    return Poll::Ready(Err(error.take().expect("polled after completion")));
                }
                StateProj::Preparing(mut preparing) => {
                    ready!(preparing.as_mut().poll_read(cx))?;
                    ready!(preparing.as_mut().poll_ready(cx))?;
                    let future = preparing.ask();
                    // Preparing → Asking
                    this.state.set(State::Asking(future));
                }
                StateProj::Asking(future) => {
                    return Poll::Ready(ready!(future.poll(cx)).map_err(Error::from_inner));
                }
            }
        }
    }
}

// === impl Preparing ===

impl<S, B> Preparing<S, B>
where
    S: Service<Request<Payload>> + Clone,
    S::Error: Into<BoxError> + 'static,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    /// Ready when there is a payload.
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut this = self.project();
        let limit = *this.limit;
        while this.payload.is_none() {
            let left = this.body.size_hint().lower();
            if left > limit as u64 {
                return Poll::Ready(Err(too_large(limit)));
            }
            if this.read.len() == 0 {
                this.read.expect(left as usize);
            }
            match this.body.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        this.read.push(data);
                    }
                    if this.read.len() > limit {
                        return Poll::Ready(Err(too_large(limit)));
                    }
                }
                Poll::Ready(Some(Err(source))) => {
                    let message = "the request body broke off";
                    let error = Error::new(Kind::Invalid, message).with_source(source);
                    return Poll::Ready(Err(error));
                }
                Poll::Ready(None) => {
                    let payload = Payload::read(this.read.take())?;
                    let path = this.head.as_ref().map_or("", |head| head.uri.path());
                    let operation = Operation::of(path);
                    if let Some(operation) = operation.filter(|_| *this.strict) {
                        is_complete(&payload, operation)?;
                    }
                    if payload.view().stream() && operation.is_some_and(|it| !it.streams()) {
                        return Poll::Ready(Err(not_streamed()));
                    }
                    *this.payload = Some(payload);
                    if this.sleep.take().is_some() && is_over(this.call) {
                        return Poll::Ready(Err(Error::elapsed(Phase::Total)));
                    }
                }
                Poll::Pending => {
                    let (patience, call) = (*this.patience, &*this.call);
                    let sleep = || Box::pin(sleep_until(body_until(patience, call).into()));
                    ready!(this.sleep.get_or_insert_with(sleep).as_mut().poll(cx));
                    let message = "the request body did not come in time";
                    // Of two that are over at once, it is the body's.
                    let short = call.until() < Some(later(call.started(), patience));
                    return Poll::Ready(Err(match short && is_over(call) {
                        true => Error::elapsed(Phase::Total),
                        false => Error::new(Kind::SlowRequest, message),
                    }));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Ready when who is to be asked is, but not after the time of the call.
    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.project();
        let inner = this.inner.get_or_insert_with(|| this.idle.take());
        if let Poll::Ready(ready) = inner.poll_ready(cx) {
            return Poll::Ready(ready.map_err(Error::from_inner));
        }
        let Some(until) = this.call.until() else {
            return Poll::Pending;
        };
        let sleep = || Box::pin(sleep_until(until.into()));
        ready!(this.sleep.get_or_insert_with(sleep).as_mut().poll(cx));
        Poll::Ready(Err(Error::elapsed(Phase::Total)))
    }

    fn ask(self: Pin<&mut Self>) -> S::Future {
        let this = self.project();
        let payload = this.payload.take().expect("a request is called once");
        let head = this.head.take().expect("a request is called once");
        let call = this.call;
        call.hear(&payload);
        // What it is anyway need not be said.
        let operation = Operation::of(head.uri.path()).filter(|it| *it != Operation::Chat);
        if let Some(operation) = operation {
            call.set_operation(operation);
        }
        let mut inner = this.inner.take().expect("it is ready");
        let future = inner.call(Request::from_parts(head, payload));
        this.idle.give_back(inner);
        future
    }
}

/// Until when the rest of the body is waited for: not after the time of the call.
fn body_until(patience: Duration, call: &Call) -> Instant {
    let until = later(now(), patience);
    call.until().map_or(until, |total| until.min(total))
}

/// Is the time of the call over?
fn is_over(call: &Call) -> bool {
    call.until().is_some_and(|until| until <= now())
}

fn too_large(limit: usize) -> Error {
    Error::new(
        Kind::TooLarge,
        format!("the request body is larger than {limit} bytes"),
    )
}

/// Is there what this operation cannot do without?
fn is_complete(payload: &Payload, operation: Operation) -> Result<(), Error> {
    let field = operation.required();
    if payload.view().has(field) {
        return Ok(());
    }
    let name = field.name();
    let message = format!("no {name}: `{name}` is missing");
    Err(Error::new(Kind::Invalid, message).with_param(name))
}

/// Whoever ignores `stream` would be taken for broken, since it answers with a document.
fn not_streamed() -> Error {
    let message = "embeddings are not streamed: leave `stream` out";
    Error::new(Kind::Invalid, message).with_param("stream")
}
