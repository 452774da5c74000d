//! An upstream that answers at once: JSON, or each event in a frame of its own. `user` in a request says how.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use memchr::memmem;
use tokio::net::TcpListener;

const WHOLE: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1741569952,"model":"swift-2","system_fingerprint":"fp_1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there! How can I be of help to you today?","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}"#;

const EVENT: &str = concat!(
    r#"data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,"model":"swift-2","system_fingerprint":"fp_b5d60d6081","choices":[{"index":0,"delta":{"content":" quick"},"logprobs":null,"finish_reason":null}]}"#,
    "\n\n"
);

const LAST: &str = concat!(
    r#"data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,"model":"swift-2","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    "\n\n",
    r#"data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,"model":"swift-2","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":100,"total_tokens":119}}"#,
    "\n\ndata: [DONE]\n\n"
);

/// How does an answer end?
enum End {
    /// With these bytes.
    Well(&'static str),
    /// Never.
    Idle,
    /// Amid a chunk.
    Cut,
}

/// Yields to the runtime between frames, so that each is a write of its own.
struct Answer {
    events: u32,
    end: Option<End>,
    wait: bool,
}

impl Answer {
    fn new(events: u32, end: End) -> Self {
        Self {
            events,
            end: Some(end),
            wait: false,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if std::mem::replace(&mut self.wait, false) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let data = |text: &'static str| Ok(Frame::data(Bytes::from_static(text.as_bytes())));
        if self.events > 0 {
            (self.events, self.wait) = (self.events - 1, true);
            return Poll::Ready(Some(data(EVENT)));
        }
        match self.end.take() {
            Some(End::Well(last)) => Poll::Ready(Some(data(last))),
            Some(End::Cut) => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
            // However often it is polled.
            Some(End::Idle) => {
                self.end = Some(End::Idle);
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }
}

async fn answer(request: http::Request<Incoming>) -> Result<http::Response<Answer>, Infallible> {
    let body = request.into_body().collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    let says = |what: &str| memmem::find(&body, what.as_bytes()).is_some();
    let (kind, answer) = if !says(r#""stream":true"#) {
        ("application/json", Answer::new(0, End::Well(WHOLE)))
    } else if says(r#""user":"short""#) {
        ("text/event-stream", Answer::new(5, End::Well(LAST)))
    } else if says(r#""user":"idle""#) {
        ("text/event-stream", Answer::new(1, End::Idle))
    } else if says(r#""user":"cut""#) {
        ("text/event-stream", Answer::new(5, End::Cut))
    } else {
        ("text/event-stream", Answer::new(100, End::Well(LAST)))
    };
    let status = if says(r#""user":"fail""#) { 500 } else { 200 };
    let response = http::Response::builder().status(status);
    Ok(response.header("content-type", kind).body(answer).unwrap())
}

pub(crate) async fn serve(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let _ = builder
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}
