//! Callers: a few at a time, each asking again as soon as it has its answer; or so many a second, whatever happens.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// JSON, with a request of this many bytes.
    Json(usize),
    /// A stream of a hundred events.
    Stream,
    /// A stream of five.
    Short,
}

/// What a round has shown.
pub(crate) struct Round {
    pub(crate) took: Duration,
    /// How long each call waited for the first frame of its answer, and for its end, shortest first.
    first: Vec<Duration>,
    whole: Vec<Duration>,
}

/// One question to one server, asked again and again.
#[derive(Clone)]
pub(crate) struct Load {
    client: Client<HttpConnector, Full<Bytes>>,
    uri: http::Uri,
    body: Bytes,
}

// === impl Kind ===

impl Kind {
    /// Calls a round.
    pub(crate) fn calls(self) -> u32 {
        match self {
            Self::Json(size) if size < 10 << 10 => 4_000,
            Self::Json(_) => 1_000,
            Self::Stream => 400,
            Self::Short => 2_000,
        }
    }

    fn body(self) -> Bytes {
        let (size, stream, user) = match self {
            Self::Json(size) => (size, false, "whole"),
            Self::Stream => (1 << 10, true, "long"),
            Self::Short => (1 << 10, true, "short"),
        };
        let text = "The quick brown fox said \\\"jump\\\" over the lazy dog.\\n".repeat(size / 52);
        format!(
            r#"{{"model":"acme/swift","stream":{stream},"user":"{user}","messages":[{{"role":"user","content":"{text}"}}]}}"#
        )
        .into()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(size) => write!(f, "JSON, {} KB asked", size >> 10),
            Self::Stream => f.write_str("stream of 100 events"),
            Self::Short => f.write_str("stream of 5 events"),
        }
    }
}

// === impl Load ===

impl Load {
    pub(crate) fn new(address: SocketAddr, prefix: &str, kind: Kind) -> Self {
        let connector = switchtower::client::hyper::connector();
        let uri = format!("http://{address}{prefix}/chat/completions");
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            uri: uri.parse().unwrap(),
            body: kind.body(),
        }
    }

    /// As fast as it goes, by so many callers.
    pub(crate) async fn closed(&self, callers: u32, calls: u32) -> Round {
        let began = Instant::now();
        let callers = (0..callers).map(|_| {
            let load = self.clone();
            tokio::spawn(async move {
                let mut waits = Vec::new();
                for _ in 0..calls / callers {
                    waits.push(load.one().await);
                }
                waits
            })
        });
        let callers: Vec<_> = callers.collect();
        let mut waits = Vec::new();
        for caller in callers {
            waits.extend(caller.await.unwrap());
        }
        Round::new(began, waits)
    }

    /// A thousand calls a second: who is slow does not make the next one wait.
    pub(crate) async fn open(&self, calls: u32) -> Round {
        let began = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        let mut under_way = Vec::new();
        for _ in 0..calls {
            tick.tick().await;
            let load = self.clone();
            under_way.push(tokio::spawn(async move { load.one().await }));
        }
        let mut waits = Vec::new();
        for call in under_way {
            waits.push(call.await.unwrap());
        }
        Round::new(began, waits)
    }

    /// One call, and how long it took to the first frame and to the end.
    async fn one(&self) -> (Duration, Duration) {
        let asked = Instant::now();
        let request = http::Request::post(self.uri.clone())
            .header("authorization", "Bearer key")
            .body(Full::new(self.body.clone()))
            .unwrap();
        let response = self.client.request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut body = response.into_body();
        let mut frame = body.frame().await;
        let first = asked.elapsed();
        while let Some(Ok(_)) = frame {
            frame = body.frame().await;
        }
        assert!(frame.is_none());
        (first, asked.elapsed())
    }
}

// === impl Round ===

impl Round {
    fn new(began: Instant, waits: Vec<(Duration, Duration)>) -> Self {
        let took = began.elapsed();
        let (mut first, mut whole): (Vec<_>, Vec<_>) = waits.into_iter().unzip();
        first.sort();
        whole.sort();
        Self { took, first, whole }
    }

    /// How long the first frame took, in milliseconds, for all but the slowest in a hundred.
    pub(crate) fn first(&self, percent: usize) -> f64 {
        of(&self.first, percent)
    }

    /// How long the whole answer took, likewise.
    pub(crate) fn whole(&self, percent: usize) -> f64 {
        of(&self.whole, percent)
    }
}

fn of(waits: &[Duration], percent: usize) -> f64 {
    waits[waits.len() * percent / 100].as_secs_f64() * 1e3
}
