//! `POST /chat/completions`, `/completions`, `/embeddings`: one way for all.

use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::{Request, State};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response};
use pin_project::pin_project;
use tower_service::Service;

use super::closing::Closing;
use super::retell;
use super::router::Door;
use super::{refuse, remaining};
use crate::admit::key::KeyLayer;
use crate::admit::read::Read;
use crate::call::Call;
use crate::caller::{Caller, KeyId};
use crate::clock::{now, wall};
use crate::error::Error;
use crate::payload::Payload;

use crate::wire::headers::is_event_stream;

const GENERATION_ID: HeaderName = HeaderName::from_static("x-generation-id");

/// The stack around the client, whatever that is.
#[derive(Clone)]
pub(super) struct Chat(Arc<dyn Fn(Door, Arc<Caller>, Request) -> Asked + Send + Sync>);

/// The one box of a request: what goes on in the stack, and what becomes of its answer.
pub(super) type Asked = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

#[pin_project]
struct Asking<F, B> {
    #[pin]
    way: Way<F, B>,
    door: Door,
    call: Call,
    closing: Option<Closing>,
}

#[pin_project(project = WayProj)]
enum Way<F, B> {
    Stack(#[pin] F),
    /// An answer that is no stream.
    Whole(HeaderMap, retell::Whole<B>),
}

/// As a handler of a route.
pub(super) async fn model(State(door): State<Door>, request: Request) -> Response<Body> {
    door.ask(request).await
}

// === impl Door ===

impl Door {
    /// Asks a model, if the caller may.
    pub(super) fn ask(&self, request: Request) -> Asked {
        match self.gateway.keys.check(request.headers(), wall()) {
            Ok(caller) => (self.gateway.chat.0)(self.clone(), caller, request),
            Err(error) => match KeyLayer::key(request.headers()) {
                Ok(id) if self.gateway.keeper.may_be_elsewhere(id) => {
                    Box::pin(self.clone().ask_again(id, request))
                }
                _ => Box::pin(ready(refuse::response(&error, self.dialect, None))),
            },
        }
    }

    /// Asks a model, if another replica knows the caller.
    async fn ask_again(self, id: KeyId, request: Request) -> Response<Body> {
        self.gateway.keeper.look(id).await;
        match self.gateway.keys.check(request.headers(), wall()) {
            Ok(caller) => (self.gateway.chat.0)(self.clone(), caller, request).await,
            Err(error) => refuse::response(&error, self.dialect, None),
        }
    }
}

// === impl Chat ===

impl Chat {
    pub(super) fn new<S, B>(stack: Read<S>) -> Self
    where
        S: Service<http::Request<Payload>, Response = Response<B>, Error = Error>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes, Error = Error> + Send + Unpin + 'static,
    {
        Self(Arc::new(move |door, caller, mut request| {
            // Minted before anything is asked, so that a failure has a name as well, in the log at least.
            let call = Call::new(now(), wall(), fastrand::u64(..));
            call.set_dialect(door.dialect);
            call.set_caller(caller);
            call.set_retold();
            let closing = request.extensions_mut().remove();
            request.extensions_mut().insert(call.clone());
            Box::pin(Asking {
                way: Way::Stack(stack.ask(request)),
                door,
                call,
                closing,
            })
        }))
    }
}

impl fmt::Debug for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chat").finish_non_exhaustive()
    }
}

// === impl Asking ===

impl<F, B> Future for Asking<F, B>
where
    F: Future<Output = Result<Response<B>, Error>>,
    B: http_body::Body<Data = Bytes, Error = Error> + Send + Unpin + 'static,
{
    type Output = Response<Body>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        let mut this = self.project();
        let books = &this.door.gateway.books;
        let answer = loop {
            let stack = match this.way.as_mut().project() {
                WayProj::Stack(stack) => stack,
                WayProj::Whole(headers, whole) => {
                    let json = ready!(whole.poll(cx, books, this.call));
                    let headers = std::mem::take(headers);
                    break json.map(|json| told(headers, "application/json", json.into()));
                }
            };
            match stack.poll(cx) {
                Poll::Ready(Ok(response)) => {
                    let (mut head, body) = response.into_parts();
                    // Nothing of the upstream's headers goes on but the content type.
                    let mut headers = head.headers;
                    let stream = is_event_stream(&headers);
                    headers.clear();
                    if let Some(nearest) = head.extensions.remove() {
                        remaining::headers(&nearest, wall(), &mut headers);
                    }
                    if stream {
                        let (books, call) = (books.clone(), this.call.clone());
                        let body = retell::Stream::new(body, books, call, this.closing.take());
                        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
                        break Ok(told(headers, "text/event-stream", Body::new(body)));
                    }
                    // Stack → Whole
                    let whole = Way::Whole(headers, retell::Whole::new(body));
                    this.way.set(whole);
                }
                Poll::Ready(Err(error)) => break Err(error),
                // Unless the grace of a shutdown is over first.
                Poll::Pending if this.closing.as_ref().is_some_and(Closing::is_over) => {
                    break Err(Closing::end(this.call));
                }
                Poll::Pending => return Poll::Pending,
            }
        };
        let dialect = this.door.dialect;
        let mut response =
            answer.unwrap_or_else(|error| refuse::response(&error, dialect, Some(this.call)));
        let id = HeaderValue::from_str(this.call.id().as_str()).expect("letters, digits, dashes");
        response.headers_mut().insert(GENERATION_ID, id);
        Poll::Ready(response)
    }
}

/// An answer in the caller's protocol.
fn told(mut headers: HeaderMap, kind: &'static str, body: Body) -> Response<Body> {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}
