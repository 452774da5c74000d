use std::{
    collections::VecDeque,
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// What comes next in a body?
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    Wait(Duration),
    /// The connection breaks.
    Break,
    /// Nothing more comes, and no end either.
    Hang,
}

/// One answer of a [`Client`](super::Client).
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) latency: Duration,
    pub(crate) silent: bool,
    pub(crate) refuse: Option<io::ErrorKind>,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) steps: Vec<Step>,
    /// Does the body know where it ends, as one with a `Content-Length` does?
    pub(crate) sized: bool,
}

/// A body that is strict: whoever asks it after its end is at fault.
#[derive(Debug)]
pub(crate) struct Flow {
    steps: VecDeque<Step>,
    sized: bool,
    sleep: Option<Pin<Box<Sleep>>>,
    ended: bool,
    life: Life,
}

/// Counts what is alive.
#[derive(Debug)]
pub(crate) struct Life(pub(crate) Arc<AtomicUsize>);

impl Answer {
    fn new(kind: &'static str, steps: Vec<Step>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(kind));
        Self {
            latency: Duration::ZERO,
            silent: false,
            refuse: None,
            status: StatusCode::OK,
            headers,
            steps,
            sized: false,
        }
    }

    /// An event stream in these frames.
    pub(crate) fn sse<T: Into<Bytes>>(frames: impl IntoIterator<Item = T>) -> Self {
        let steps = frames.into_iter().map(|data| Step::Data(data.into()));
        Self::new("text/event-stream; charset=utf-8", steps.collect())
    }

    /// An event stream of these steps.
    pub(crate) fn steps(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::new("text/event-stream", steps.into_iter().collect())
    }

    /// One JSON document in these frames, of a known length.
    pub(crate) fn json<T: Into<Bytes>>(frames: impl IntoIterator<Item = T>) -> Self {
        let steps = frames.into_iter().map(|data| Step::Data(data.into()));
        let mut answer = Self::new("application/json", steps.collect());
        answer.sized = true;
        answer
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        let mut answer = Self::json([body.to_owned()]);
        answer.status = StatusCode::from_u16(status).unwrap();
        answer
    }

    /// No answer: the call fails.
    pub(crate) fn refuse(kind: io::ErrorKind) -> Self {
        let mut answer = Self::new("", Vec::new());
        answer.refuse = Some(kind);
        answer
    }

    /// No answer, ever.
    pub(crate) fn silence() -> Self {
        let mut answer = Self::new("", Vec::new());
        answer.silent = true;
        answer
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let name = HeaderName::from_static(name);
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    /// Its headers come so late.
    pub(crate) fn after(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Its body does not know where it ends.
    pub(crate) fn unsized_(mut self) -> Self {
        self.sized = false;
        self
    }

    /// And then?
    pub(crate) fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(crate) fn flow(self, life: Life) -> Flow {
        Flow {
            steps: self.steps.into(),
            sized: self.sized,
            sleep: None,
            ended: false,
            life,
        }
    }
}

impl Step {
    pub(crate) fn data(data: impl Into<Bytes>) -> Self {
        Self::Data(data.into())
    }
}

impl Life {
    pub(crate) fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count.clone())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        assert!(!this.ended, "the body was asked again after its end");
        loop {
            if let Some(sleep) = &mut this.sleep {
                ready!(sleep.as_mut().poll(cx));
                this.sleep = None;
            }
            match this.steps.pop_front() {
                Some(Step::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Some(Step::Trailers(trailers)) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Some(Step::Wait(wait)) => this.sleep = Some(Box::pin(tokio::time::sleep(wait))),
                Some(Step::Break) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
                }
                Some(Step::Hang) => {
                    this.steps.push_front(Step::Hang);
                    return Poll::Pending;
                }
                None => {
                    this.ended = true;
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.sized && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if !self.sized {
            return SizeHint::default();
        }
        let len = |step: &Step| match step {
            Step::Data(data) => data.len() as u64,
            _ => 0,
        };
        SizeHint::with_exact(self.steps.iter().map(len).sum())
    }
}
