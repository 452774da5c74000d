//! hyper-util's pooled client, with the settings that streams want.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::legacy::{self, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use crate::payload::Payload;

/// A pooled client, shared by all clones: [`plain`] and [`over`] make it.
///
/// hyper-util's own client serves as well, as it is; but it takes 300 bytes, which each attempt carries.
#[derive(Clone)]
pub struct Client<C = HttpConnector>(Arc<legacy::Client<C, Payload>>);

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept: less than the minute after which many servers close theirs.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// How many idle connections to one provider are kept.
pub const IDLE_CONNECTIONS: usize = 256;

/// A TCP connector with `TCP_NODELAY`, happy eyeballs and [`CONNECT_TIMEOUT`]; it accepts `https` URLs,
/// so that a TLS connector can be built around it.
pub fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_keepalive(Some(Duration::from_secs(30)));
    connector.enforce_http(false);
    connector
}

/// A pooled client over plain TCP.
///
/// ```
/// use switchtower::{BoxError, Payload, client, testing::Upstream};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let upstream = Upstream::start().await;
/// let url = format!("{}/chat/completions", upstream.base_url());
/// let ask = Payload::read(r#"{"model": "any", "messages": [{"role": "user", "content": "hi"}]}"#)?;
///
/// let answer = client::hyper::plain().oneshot(http::Request::post(url).body(ask)?).await?;
/// assert_eq!(answer.status(), 200);
/// # Ok(()) }
/// ```
pub fn plain() -> Client {
    over(connector())
}

/// A pooled client over any connector, such as hyper-rustls': see the README, or the example `gateway`.
///
/// Where an idle connection turns out to be closed, it [takes another](super#what-a-client-repeats-by-itself), unseen.
pub fn over<C: Connect + Clone>(connector: C) -> Client<C> {
    let client = legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build(connector);
    Client(Arc::new(client))
}

// === impl Client ===

impl<C: Connect + Clone + Send + Sync + 'static> Service<Request<Payload>> for Client<C> {
    type Response = Response<Incoming>;
    type Error = legacy::Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), legacy::Error>> {
        // It queues nothing: a request opens a connection where none is idle.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Payload>) -> ResponseFuture {
        self.0.request(request)
    }
}

impl<C> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
