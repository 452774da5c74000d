use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::{Response, header, response};
use pin_project::pin_project;
use tokio::time::Sleep;

use super::body::{Body, Guard};
use super::expected::Expected;
use super::whole::unlike;
use crate::attempt::End;
use crate::call::Call;
use crate::clock::{now, wall};
use crate::error::{BoxError, Error};
use crate::wire::headers::is_event_stream;
use crate::wire::refusal;

/// How much of an error body is read.
const ERROR_BODY: usize = 64 << 10;

/// How long it is waited for: the status is here, and says most of it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The future of [`Meter`](super::Meter).
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<F, B> {
    #[pin]
    state: State<F, B>,
    // Declared after `state`: what is inside goes before the attempt ends.
    guard: Option<Guard>,
    /// It goes on into the extensions of the answer.
    call: Option<Call>,
    expected: Expected,
}

#[pin_project(project = StateProj)]
#[derive(Debug)]
enum State<F, B> {
    Asking(#[pin] F),
    Refused {
        parts: Box<response::Parts>,
        #[pin]
        body: B,
        read: BytesMut,
        patience: Pin<Box<Sleep>>,
    },
}

// === impl ResponseFuture ===

impl<F, B> ResponseFuture<F, B> {
    pub(super) fn new(inner: F, mut call: Call, expected: Expected) -> Self {
        let guard = Some(Guard::new(call.attempt(now).clone()));
        Self {
            state: State::Asking(inner),
            guard,
            call: Some(call),
            expected,
        }
    }
}

impl<F, E, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError> + 'static,
    B: http_body::Body<Data = Bytes>,
{
    type Output = Result<Response<Body<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let guard = this.guard.as_ref().expect("polled after completion");
        let attempt = guard.attempt();
        loop {
            let error = match this.state.as_mut().project() {
                StateProj::Asking(future) => match ready!(future.poll(cx)) {
                    Ok(response) => {
                        let (mut parts, body) = response.into_parts();
                        let came = now();
                        attempt.headers_came(parts.status.as_u16(), came);
                        attempt.told(&parts.headers, came, wall);
                        if !parts.status.is_success() {
                            let (parts, read) = (Box::new(parts), BytesMut::new());
                            // Asking → Refused
                            let patience = Box::pin(tokio::time::sleep(PATIENCE));
                            let refused = State::Refused {
                                parts,
                                body,
                                read,
                                patience,
                            };
                            this.state.set(refused);
                            continue;
                        }
                        let stream = is_event_stream(&parts.headers);
                        if stream && this.expected.stream == Some(false) {
                            let error = unlike("a stream that nobody asked for");
                            attempt.end(End::Failed(error.kind()), now());
                            return Poll::Ready(Err(error));
                        }
                        if stream {
                            parts.headers.remove(header::CONTENT_LENGTH);
                        }
                        let call = this.call.take().expect("polled after completion");
                        parts.extensions.insert(call);
                        let guard = this.guard.take().expect("polled after completion");
                        let body = Body::new(body, guard, stream, std::mem::take(this.expected));
                        return Poll::Ready(Ok(Response::from_parts(parts, body)));
                    }
                    Err(error) => Error::from_inner(error),
                },
                StateProj::Refused {
                    parts,
                    body,
                    read,
                    patience,
                } => {
                    // Its end, enough of it, a break, or silence: the status says the rest.
                    match body.poll_frame(cx) {
                        Poll::Ready(Some(Ok(frame))) => {
                            if let Ok(data) = frame.into_data() {
                                let room = (ERROR_BODY - read.len()).min(data.remaining());
                                read.extend_from_slice(&data[..room]);
                            }
                            if read.len() < ERROR_BODY {
                                continue;
                            }
                        }
                        Poll::Ready(_) => {}
                        Poll::Pending => ready!(patience.as_mut().poll(cx)),
                    }
                    let (status, headers) = (parts.status, &parts.headers);
                    let error = refusal::read(status, headers, read, wall(), attempt.candidate());
                    attempt.find(|found| found.retry_after = error.retry_after());
                    error
                }
            };
            attempt.end(End::Failed(error.kind()), now());
            return Poll::Ready(Err(error));
        }
    }
}
