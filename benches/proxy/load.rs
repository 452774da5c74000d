//! Callers: a few at a time, each asking again as soon as it has its answer.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

const CALLERS: u32 = 16;

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// JSON, with a request of this many bytes.
    Json(usize),
    /// A stream of this many events.
    Stream(u32),
}

/// What a round has shown.
pub(crate) struct Round {
    pub(crate) took: Duration,
    pub(crate) first_p99: Duration,
}

impl Kind {
    /// Calls a round.
    pub(crate) fn calls(self) -> u32 {
        match self {
            Self::Json(size) if size < 10 << 10 => 4_000,
            Self::Json(_) => 1_000,
            Self::Stream(_) => 400,
        }
    }

    fn body(self) -> Bytes {
        let (size, stream) = match self {
            Self::Json(size) => (size, false),
            Self::Stream(_) => (1 << 10, true),
        };
        let text = "The quick brown fox said \\\"jump\\\" over the lazy dog.\\n".repeat(size / 52);
        format!(
            r#"{{"model":"acme/swift","stream":{stream},"messages":[{{"role":"user","content":"{text}"}}]}}"#
        )
        .into()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(size) => write!(f, "JSON, {} KB asked", size >> 10),
            Self::Stream(events) => write!(f, "stream of {events} events"),
        }
    }
}

pub(crate) async fn run(address: SocketAddr, prefix: &str, kind: Kind, calls: u32) -> Round {
    let client: Client<_, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build(switchtower::client::hyper::connector());
    let uri: http::Uri = format!("http://{address}{prefix}/chat/completions")
        .parse()
        .unwrap();
    let body = kind.body();
    let began = Instant::now();
    let callers = (0..CALLERS).map(|_| {
        let (client, uri, body) = (client.clone(), uri.clone(), body.clone());
        tokio::spawn(async move {
            let mut first = Vec::new();
            for _ in 0..calls / CALLERS {
                let asked = Instant::now();
                let request = http::Request::post(uri.clone())
                    .header("authorization", "Bearer key")
                    .body(Full::new(body.clone()))
                    .unwrap();
                let response = client.request(request).await.unwrap();
                assert_eq!(response.status(), 200);
                let mut body = response.into_body();
                let mut frame = body.frame().await;
                first.push(asked.elapsed());
                while let Some(Ok(_)) = frame {
                    frame = body.frame().await;
                }
                assert!(frame.is_none());
            }
            first
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut first = Vec::new();
    for caller in callers {
        first.extend(caller.await.unwrap());
    }
    let took = began.elapsed();
    first.sort();
    Round {
        took,
        first_p99: first[first.len() * 99 / 100],
    }
}
