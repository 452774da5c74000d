//! An upstream that answers at once: JSON, or a hundred events in a hundred frames.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;

const WHOLE: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1741569952,"model":"swift-2","system_fingerprint":"fp_1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there! How can I be of help to you today?","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}"#;

const EVENT: &str = r#"data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,"model":"swift-2","system_fingerprint":"fp_b5d60d6081","choices":[{"index":0,"delta":{"content":" quick"},"logprobs":null,"finish_reason":null}]}"#;

const LAST: &str = concat!(
    r#"data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,"model":"swift-2","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    "\n\n",
    r#"data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,"model":"swift-2","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":100,"total_tokens":119}}"#,
    "\n\ndata: [DONE]\n\n"
);

/// Yields to the runtime between frames, so that each is a write of its own.
struct Answer {
    event: Bytes,
    left: u32,
    last: Option<Bytes>,
    wait: bool,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if std::mem::replace(&mut self.wait, false) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.left > 0 {
            (self.left, self.wait) = (self.left - 1, true);
            return Poll::Ready(Some(Ok(Frame::data(self.event.clone()))));
        }
        Poll::Ready(self.last.take().map(|last| Ok(Frame::data(last))))
    }
}

async fn answer(request: http::Request<Incoming>) -> Result<http::Response<Answer>, Infallible> {
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let stream = memchr::memmem::find(&body, b"\"stream\":true").is_some();
    let (kind, answer) = if stream {
        let event = Bytes::from(format!("{EVENT}\n\n"));
        let last = Some(Bytes::from_static(LAST.as_bytes()));
        (
            "text/event-stream",
            Answer {
                event,
                left: 100,
                last,
                wait: false,
            },
        )
    } else {
        let last = Some(Bytes::from_static(WHOLE.as_bytes()));
        (
            "application/json",
            Answer {
                event: Bytes::new(),
                left: 0,
                last,
                wait: false,
            },
        )
    };
    Ok(http::Response::builder()
        .header("content-type", kind)
        .body(answer)
        .unwrap())
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
