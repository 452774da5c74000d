use std::{
    collections::VecDeque,
    future::{Future, pending},
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use switchtower::Payload;
use tokio::time::{Instant, sleep};
use tower::Service;

use super::answer::{Answer, Flow, Life};

/// The innermost service: it gives one answer after the other, and remembers what it was asked.
///
/// A clone is not ready, and a call that comes to one which was not asked panics.
#[derive(Debug)]
pub(crate) struct Client {
    shared: Arc<Shared>,
    ready: bool,
}

#[derive(Debug)]
struct Shared {
    born: Instant,
    answers: Mutex<VecDeque<Answer>>,
    seen: Mutex<Vec<Seen>>,
    alive: Arc<AtomicUsize>,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// How long after the client was made.
    pub(crate) at: Duration,
    /// How many calls and bodies that came before it were still alive.
    pub(crate) others: usize,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            shared: Arc::new(Shared {
                born: Instant::now(),
                answers: Mutex::new(answers.into_iter().collect()),
                seen: Mutex::default(),
                alive: Arc::default(),
            }),
            ready: false,
        }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Whom it was asked for, in order.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let host = |seen: &Seen| seen.uri.host().unwrap_or_default().to_owned();
        self.seen().iter().map(host).collect()
    }

    /// Calls and bodies that have not been dropped.
    pub(crate) fn alive(&self) -> usize {
        self.shared.alive.load(SeqCst)
    }
}

impl Seen {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Clone for Client {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            ready: false,
        }
    }
}

impl Service<Request<Payload>> for Client {
    type Response = Response<Flow>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response<Flow>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Payload>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "it was not asked before");
        let (parts, payload) = request.into_parts();
        self.shared.seen.lock().unwrap().push(Seen {
            at: self.shared.born.elapsed(),
            others: self.alive(),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body: payload.bytes().clone(),
        });
        let answer = self.shared.answers.lock().unwrap().pop_front();
        let answer = answer.expect("one call too many");
        let life = Life::new(&self.shared.alive);
        Box::pin(async move {
            if answer.silent {
                return pending().await;
            }
            if !answer.latency.is_zero() {
                sleep(answer.latency).await;
            }
            if let Some(kind) = answer.refuse {
                return Err(kind.into());
            }
            let (status, headers) = (answer.status, answer.headers.clone());
            let mut response = Response::new(answer.flow(life));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}
