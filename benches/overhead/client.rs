//! A client that answers at once, or nearly.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower_service::Service;

pub(crate) const EVENT: &str = r#"{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,"model":"swift-2","service_tier":"default","system_fingerprint":"fp_b5d60d6081","choices":[{"index":0,"delta":{"content":" quick"},"logprobs":null,"finish_reason":null}]}"#;

const WHOLE: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1741569952,"model":"swift-2","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there!","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29}}"#;

/// Answers every request with the same frames.
#[derive(Clone)]
pub(crate) struct Instant {
    frames: Bytes,
    count: u32,
    last: Bytes,
    stream: bool,
    slow: bool,
}

pub(crate) struct Frames {
    frame: Bytes,
    left: u32,
    last: Option<Bytes>,
    // Whether each frame is waited for, and whether the next one still is.
    slow: bool,
    wait: bool,
}

impl Instant {
    pub(crate) fn whole() -> Self {
        Self {
            frames: Bytes::new(),
            count: 0,
            last: WHOLE.into(),
            stream: false,
            slow: false,
        }
    }

    /// A stream with this many content events, each in a frame of its own.
    pub(crate) fn stream(count: u32) -> Self {
        let last = concat!(
            r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            "\n\ndata: [DONE]\n\n"
        );
        Self {
            frames: format!("data: {EVENT}\n\n").into(),
            count,
            last: last.into(),
            stream: true,
            slow: false,
        }
    }

    /// The same, but no frame is there when it is first asked for.
    pub(crate) fn slow(self) -> Self {
        Self { slow: true, ..self }
    }
}

impl<B> Service<Request<B>> for Instant {
    type Response = Response<Frames>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Frames>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let body = Frames {
            frame: self.frames.clone(),
            left: self.count,
            last: Some(self.last.clone()),
            slow: self.slow,
            // The first is there, so that the answer to the call is.
            wait: false,
        };
        let mut response = Response::new(body);
        let kind = if self.stream {
            "text/event-stream"
        } else {
            "application/json"
        };
        response
            .headers_mut()
            .insert("content-type", HeaderValue::from_static(kind));
        ready(Ok(response))
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if std::mem::replace(&mut self.wait, false) {
            return Poll::Pending;
        }
        self.wait = self.slow;
        if self.left > 0 {
            self.left -= 1;
            return Poll::Ready(Some(Ok(Frame::data(self.frame.clone()))));
        }
        Poll::Ready(self.last.take().map(|last| Ok(Frame::data(last))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && self.last.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
