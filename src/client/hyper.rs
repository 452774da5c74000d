//! hyper-util's pooled client, as it is, with the settings that streams want.

use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::payload::Payload;

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
/// let client = switchtower::client::hyper::plain();
/// # let _ = client;
/// ```
pub fn plain() -> Client<HttpConnector, Payload> {
    over(connector())
}

/// A pooled client over any connector, such as hyper-rustls'.
pub fn over<C: Connect + Clone>(connector: C) -> Client<C, Payload> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build(connector)
}
