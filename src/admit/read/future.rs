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
    state: State<S, S::Future, B>,
    settings: ReadLayer,
}

#[pin_project(project = StateProj)]
#[derive(Debug)]
enum State<S, F, B> {
    Refused(Option<Error>),
    Reading {
        #[pin]
        body: B,
        read: Chunks,
        sleep: Option<Pin<Box<Sleep>>>,
        rest: Option<Rest<S>>,
    },
    Readying {
        payload: Option<Payload>,
        sleep: Option<Pin<Box<Sleep>>>,
        rest: Option<Rest<S>>,
    },
    Asking(#[pin] F),
}

/// What else a request takes, in the room that the future inside needs later.
#[derive(Debug)]
struct Rest<S> {
    inner: S,
    head: request::Parts,
}

// === impl ResponseFuture ===

impl<S: Service<Request<Payload>>, B> ResponseFuture<S, B> {
    pub(super) fn refused(error: Error, settings: ReadLayer) -> Self {
        Self {
            state: State::Refused(Some(error)),
            settings,
        }
    }

    pub(super) fn new(inner: S, request: Request<B>, settings: ReadLayer) -> Self {
        let (head, body) = request.into_parts();
        let state = State::Reading {
            body,
            read: Chunks::default(),
            sleep: None,
            rest: Some(Rest { inner, head }),
        };
        Self { state, settings }
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
                StateProj::Reading {
                    body,
                    read,
                    sleep,
                    rest,
                } => {
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
                            let path = rest.as_ref().map_or("", |rest| rest.head.uri.path());
                            if this.settings.strict {
                                is_complete(&payload, path)?;
                            }
                            let (payload, sleep, rest) = (Some(payload), None, rest.take());
                            // Reading → Readying
                            this.state.set(State::Readying {
                                payload,
                                sleep,
                                rest,
                            });
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
                StateProj::Readying {
                    payload,
                    sleep,
                    rest,
                } => {
                    let asked = rest.as_mut().expect("a request is called once");
                    match asked.inner.poll_ready(cx) {
                        Poll::Ready(ready) => ready.map_err(Error::from_inner)?,
                        Poll::Pending => {
                            let call = asked.head.extensions.get::<Call>();
                            let until = call.and_then(Call::until);
                            let Some(until) = until else {
                                return Poll::Pending;
                            };
                            let new = || Box::pin(tokio::time::sleep_until(until.into()));
                            ready!(sleep.get_or_insert_with(new).as_mut().poll(cx));
                            return Poll::Ready(Err(Error::elapsed(Phase::Total)));
                        }
                    }
                    let payload = payload.take().expect("a request is called once");
                    let Rest {
                        mut inner,
                        mut head,
                    } = rest.take().expect("a request is called once");
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
                    let future = inner.call(Request::from_parts(head, payload));
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
