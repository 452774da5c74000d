use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use pin_project::pin_project;
use tower_service::Service;

use super::seam::Joint;
use super::watch::{State, Watch};
use crate::clock::now;
use crate::error::{BoxError, Error};
use crate::payload::Payload;

/// An answer that is mended if it breaks. See the [module docs](super).
#[pin_project]
pub struct Body<S: Service<Request<Payload>>, B> {
    /// The answer under way: one after the other.
    #[pin]
    inner: Option<B>,
    /// None where nobody mends it.
    watch: Option<Box<Watch<S>>>,
}

// === impl Body ===

impl<S: Service<Request<Payload>>, B> Body<S, B> {
    pub(super) fn new(inner: B, watch: Option<Box<Watch<S>>>) -> Self {
        let inner = Some(inner);
        Self { inner, watch }
    }
}

impl<S, B> http_body::Body for Body<S, B>
where
    S: Service<Request<Payload>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError> + 'static,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError> + 'static,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut this = self.project();
        let Some(watch) = this.watch else {
            let Some(inner) = this.inner.as_mut().as_pin_mut() else {
                return Poll::Ready(None);
            };
            return match ready!(inner.poll_frame(cx)) {
                Some(Ok(frame)) => Poll::Ready(Some(Ok(frame))),
                other => {
                    this.inner.set(None);
                    Poll::Ready(other.map(|frame| frame.map_err(Error::from_inner)))
                }
            };
        };
        loop {
            match &mut watch.state {
                State::Passing => {
                    let Some(inner) = this.inner.as_mut().as_pin_mut() else {
                        return Poll::Ready(None);
                    };
                    match ready!(inner.poll_frame(cx)) {
                        Some(Ok(frame)) => {
                            let data = match frame.into_data() {
                                Ok(data) => data,
                                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                            };
                            match watch.take(data) {
                                Joint::Pass(data) | Joint::Aside(data) => {
                                    return Poll::Ready(Some(Ok(Frame::data(data))));
                                }
                                Joint::Nothing => {}
                                Joint::Differs => {
                                    watch.differs(now());
                                    this.inner.set(None);
                                }
                            }
                        }
                        Some(Err(error)) => {
                            // The upstream is let go before anybody is asked again.
                            this.inner.set(None);
                            watch.broke(Error::from_inner(error), now());
                        }
                        None => {
                            this.inner.set(None);
                            return Poll::Ready(None);
                        }
                    }
                }
                State::Readying => {
                    let kept = watch
                        .kept
                        .as_mut()
                        .expect("kept as long as it may be asked");
                    match ready!(kept.poll_ask(cx, &watch.call, &watch.settings)) {
                        // Readying → Asking
                        Ok(future) => watch.state = State::Asking(Box::pin(future)),
                        Err(_) => watch.next(now()),
                    }
                }
                State::Asking(future) => match ready!(future.as_mut().poll(cx)) {
                    Ok(response) => {
                        if watch.joins(&response) {
                            // Asking → Passing
                            watch.state = State::Passing;
                            this.inner.set(Some(response.into_body()));
                        } else {
                            drop(response);
                            watch.next(now());
                        }
                    }
                    // What the first has to say is told, if nobody has the rest.
                    Err(_) => watch.next(now()),
                },
                State::Over(events) => {
                    let event = events.next();
                    return Poll::Ready(event.map(|event| Ok(Frame::data(event))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let inner = || self.inner.as_ref().is_none_or(B::is_end_stream);
        match self.watch.as_ref().map(|watch| &watch.state) {
            None | Some(State::Passing) => inner(),
            Some(State::Readying | State::Asking(_)) => false,
            Some(State::Over(events)) => events.len() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.watch, &self.inner) {
            (None, Some(inner)) => inner.size_hint(),
            (None, None) => SizeHint::with_exact(0),
            (Some(_), _) => SizeHint::default(),
        }
    }
}

impl<S: Service<Request<Payload>>, B: fmt::Debug> fmt::Debug for Body<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
