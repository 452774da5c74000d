//! A router on a listener, with bounds and an end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;
use tower_service::Service;

use super::closing::{Closing, Stage};
use super::connection::Connection;
use super::linger::{Linger, Unread};
use super::stall::Stall;
use crate::clock::CENTURY;
use crate::telemetry;

/// What a server allows. [`serve`] takes it.
///
/// ```
/// use std::time::Duration;
/// use switchtower::gateway::Bounds;
///
/// let bounds = Bounds { grace: Duration::from_secs(5), ..Bounds::default() };
/// assert_eq!(bounds.connections, 16_384);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at a time, at least one; more wait in the listener's backlog. Default 16,384.
    pub connections: usize,
    /// How long the headers of a request may take, and a connection may be idle. Default 30 s.
    pub headers: Duration,
    /// How long a caller may take nothing of what it is sent. Default 60 s.
    pub stalled: Duration,
    /// How long streams may go on after the shutdown began. Default 30 s.
    pub grace: Duration,
}

/// How much of a request is read at once, and the most that its head may be long. A stream keeps what was set aside for its
/// request, and more makes large ones hardly faster.
const BUFFER: usize = 32 << 10;

/// How long the last words may take after the grace.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 16_384,
            headers: Duration::from_secs(30),
            stalled: Duration::from_secs(60),
            grace: Duration::from_secs(30),
        }
    }
}

/// Serves until `shutdown` resolves; then takes no new connection, lets the streams that are under way
/// finish within [`Bounds::grace`], and ends those that are left with an error chunk.
///
/// It speaks HTTP/1.1, with `TCP_NODELAY` on every connection. For TLS and HTTP/2 put a reverse proxy in
/// front of it. It serves a `Router` of axum as well, such as [`Gateway::router`](super::Gateway::router) with others.
///
/// ```no_run
/// # async fn run(gateway: switchtower::gateway::Gateway) -> std::io::Result<()> {
/// use switchtower::gateway::{Bounds, serve};
///
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let interrupted = async { drop(tokio::signal::ctrl_c().await) };
/// serve(listener, gateway.service(), Bounds::default(), interrupted).await;
/// # Ok(()) }
/// ```
pub async fn serve<S>(
    listener: TcpListener,
    service: S,
    bounds: Bounds,
    shutdown: impl Future<Output = ()>,
) where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.headers.min(CENTURY))
        .max_buf_size(BUFFER);
    let places = Arc::new(Semaphore::new(
        bounds.connections.clamp(1, Semaphore::MAX_PERMITS),
    ));
    let (close, closing) = Closing::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);

    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (accept(&listener).await, place)
        };
        let (stream, place) = tokio::select! {
            accepted = accepted => accepted,
            // Reaped at once: what a closed connection has held is free.
            Some(_) = connections.join_next() => continue,
            () = &mut shutdown => break,
        };
        let unread = Unread::default();
        let stream = Stall::new(stream, bounds.stalled.min(CENTURY));
        let stream = TokioIo::new(Linger::new(stream, unread.clone()));
        let service = service.clone();
        let told = closing.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(told.clone());
            let request = request.map(|body| Body::new(unread.body(body)));
            let (answer, left) = (service.clone().oneshot(request), unread.clone());
            async move {
                let mut response = answer.await?;
                if left.is_much() {
                    let headers = response.headers_mut();
                    headers.insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = builder.serve_connection(stream, service);
        connections.spawn(Connection::new(connection, closing.clone(), place));
    }
    drop(listener);
    telemetry::shutting_down(connections.len(), bounds.grace);
    close.send_replace(Stage::Draining);
    if timeout(bounds.grace, all(&mut connections)).await.is_err() {
        telemetry::grace_over(connections.len());
        close.send_replace(Stage::Over);
        let _ = timeout(LAST_WORDS, all(&mut connections)).await;
    }
    // Not only told to end, but ended: by then the last records are written.
    connections.shutdown().await;
}

/// Until all have ended.
async fn all(connections: &mut JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}

/// The next connection. Out of file descriptors is no reason to end: some will be closed.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Without it a token would wait for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                telemetry::cannot_accept(&error);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
