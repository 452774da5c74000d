//! One call, by its caller.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use memchr::memmem;

/// What a caller got.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) asked: Instant,
    /// How long the first token took, of a stream.
    pub(crate) first_token: Option<Duration>,
    pub(crate) took: Duration,
    pub(crate) verdict: Verdict,
}

/// Was it an answer?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A whole one.
    Whole,
    /// An error that says what is wrong.
    Told,
    /// Anything else: half an answer, or nothing.
    Broken,
}

/// Whoever asks.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client<HttpConnector, Full<Bytes>>,
    uri: http::Uri,
}

// === impl Caller ===

impl Caller {
    pub(crate) fn new(gateway: SocketAddr) -> Self {
        let uri = format!("http://{gateway}/v1/chat/completions");
        Self {
            client: Client::builder(TokioExecutor::new())
                .build(switchtower::client::hyper::connector()),
            uri: uri.parse().unwrap(),
        }
    }

    /// Asks for a stream or a document. What is asked differs by its number, so that no conversation goes on.
    pub(crate) async fn ask(self, number: u32, stream: bool) -> Answer {
        let body = format!(
            r#"{{"model":"acme/swift","stream":{stream},"messages":[{{"role":"user","content":"No. {number}"}}]}}"#
        );
        let request = Request::post(self.uri)
            .header("authorization", "Bearer key")
            .header("content-type", "application/json")
            .body(Full::from(body))
            .unwrap();
        let asked = Instant::now();
        let (mut first_token, mut seen) = (None, Vec::new());
        let mut status = None;
        if let Ok(response) = self.client.request(request).await {
            status = Some(response.status().as_u16());
            let mut body = response.into_body();
            while let Some(frame) = body.frame().await {
                let Ok(frame) = frame else {
                    status = None;
                    break;
                };
                seen.extend(frame.into_data().unwrap_or_default());
                if stream && first_token.is_none() && has_content(&seen) {
                    first_token = Some(asked.elapsed());
                }
            }
        }
        let has = |what: &str| memmem::find(&seen, what.as_bytes()).is_some();
        let error = has(r#""error":{"#);
        let ends = match stream {
            true => seen.ends_with(b"data: [DONE]\n\n"),
            false => seen.ends_with(b"}"),
        };
        let finished = has(r#""finish_reason":"stop""#);
        Answer {
            asked,
            first_token,
            took: asked.elapsed(),
            verdict: match status {
                Some(200) if ends && finished && !error => Verdict::Whole,
                Some(status) if error && (ends || status != 200) => Verdict::Told,
                _ => Verdict::Broken,
            },
        }
    }
}

/// A role alone says nothing.
fn has_content(seen: &[u8]) -> bool {
    const CONTENT: &[u8] = br#""content":""#;
    memmem::find_iter(seen, CONTENT).any(|at| {
        seen.get(at + CONTENT.len())
            .is_some_and(|byte| *byte != b'"')
    })
}
