use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, request};
use pin_project::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

use super::layer::ReadLayer;
use crate::call::Call;
use crate::chunks::Chunks;
use crate::error::{BoxError, Error};
use crate::kind::{Kind, Phase};
use crate::payload::Payload;
use crate::standing::Need;
use crate::wire::{Fields, Operation};

/// The future of [`Read`](super::Read).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<S: Service<Request<Payload>>, B> {
    #[pin]
    state: State<S::Future, B>,
    inner: S,
    head: Option<request::Parts>,
    settings: ReadLayer,
}

#[pin_project(project = StateProj)]
#[derive(Debug)]
enum State<F, B> {
    Refused(Option<Error>),
    Reading {
        #[pin]
        body: B,
        read: Chunks,
        sleep: Option<Pin<Box<Sleep>>>,
    },
    Readying(Option<Payload>, Option<Pin<Box<Sleep>>>),
    Asking(#[pin] F),
}

// === impl ResponseFuture ===

impl<S: Service<Request<Payload>>, B> ResponseFuture<S, B> {
    pub(super) fn refused(inner: S, error: Error, settings: ReadLayer) -> Self {
        Self {
            state: State::Refused(Some(error)),
            inner,
            head: None,
            settings,
        }
    }

    pub(super) fn new(inner: S, request: Request<B>, settings: ReadLayer) -> Self {
        let (head, body) = request.into_parts();
        let state = State::Reading {
            body,
            read: Chunks::default(),
            sleep: None,
        };
        Self {
            state,
            inner,
            head: Some(head),
            settings,
        }
    }
}

impl<S, B> Future for ResponseFuture<S, B>
where
    S: Service<Request<Payload>>,
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
                StateProj::Reading { body, read, sleep } => {
                    let limit = this.settings.limit;
                    let left = body.size_hint().lower();
                    if left > limit as u64 {
                        return Poll::Ready(Err(too_large(limit)));
                    }
                    if read.len() == 0 {
                        read.expect(left as usize);
                    }
                    match body.poll_frame(cx) {
                        Poll::Ready(Some(Ok(frame))) => {
                            if let Ok(data) = frame.into_data() {
                                read.push(data);
                            }
                            if read.len() > limit {
                                return Poll::Ready(Err(too_large(limit)));
                            }
                        }
                        Poll::Ready(Some(Err(source))) => {
                            let message = "the request body broke off";
                            let error = Error::new(Kind::Invalid, message).with_source(source);
                            return Poll::Ready(Err(error));
                        }
                        Poll::Ready(None) => {
                            let payload = Payload::read(read.take())?;
                            let path = this.head.as_ref().map_or("", |head| head.uri.path());
                            if this.settings.strict {
                                is_complete(&payload, path)?;
                            }
                            // Reading → Readying
                            this.state.set(State::Readying(Some(payload), None));
                        }
                        Poll::Pending => {
                            let patience = this.settings.patience;
                            let sleep =
                                sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
                            ready!(sleep.as_mut().poll(cx));
                            let message = "the request body did not come in time";
                            return Poll::Ready(Err(Error::new(Kind::SlowRequest, message)));
                        }
                    }
                }
                StateProj::Readying(payload, sleep) => {
                    match this.inner.poll_ready(cx) {
                        Poll::Ready(ready) => ready.map_err(Error::from_inner)?,
                        Poll::Pending => {
                            let call =
                                |head: &request::Parts| head.extensions.get::<Call>().cloned();
                            let until = this.head.as_ref().and_then(call).and_then(|c| c.until());
                            let Some(until) = until else {
                                return Poll::Pending;
                            };
                            let new = || Box::pin(tokio::time::sleep_until(until.into()));
                            ready!(sleep.get_or_insert_with(new).as_mut().poll(cx));
                            return Poll::Ready(Err(Error::elapsed(Phase::Total)));
                        }
                    }
                    let payload = payload.take().expect("a request is called once");
                    let mut head = this.head.take().expect("a request is called once");
                    let call = Call::of(&mut head.extensions);
                    call.set_stream(payload.view().stream());
                    let asks = payload.view().parameters().within(Fields::OF_REASONING);
                    call.set_reasons(asks != Fields::NONE);
                    call.expect(Need {
                        input: payload.view().prompt_tokens(),
                        output: payload.expected_output(),
                    });
                    if let Some(operation) = Operation::of(head.uri.path()) {
                        call.set_operation(operation);
                    }
                    let future = this.inner.call(Request::from_parts(head, payload));
                    // Readying → Asking
                    this.state.set(State::Asking(future));
                }
                StateProj::Asking(future) => {
                    return Poll::Ready(ready!(future.poll(cx)).map_err(Error::from_inner));
                }
            }
        }
    }
}

fn too_large(limit: usize) -> Error {
    Error::new(
        Kind::TooLarge,
        format!("the request body is larger than {limit} bytes"),
    )
}

/// Is there what this operation cannot do without?
fn is_complete(payload: &Payload, path: &str) -> Result<(), Error> {
    match Operation::of(path).map(Operation::required) {
        Some(field) if !payload.view().has(field) => {
            let name = field.name();
            let message = format!("no {name}: `{name}` is missing");
            Err(Error::new(Kind::Invalid, message).with_param(name))
        }
        _ => Ok(()),
    }
}
