//! A router on a listener, with bounds and an end.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tower::ServiceExt;

/// What a server allows.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at a time; more wait in the listener's backlog. Default 16,384.
    pub connections: usize,
    /// How long the headers of a request may take, and a new connection until its first. Default 30 s.
    pub headers: Duration,
    /// How long streams may go on after the shutdown began. Default 30 s.
    pub grace: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        let (headers, grace) = (Duration::from_secs(30), Duration::from_secs(30));
        Self {
            connections: 16_384,
            headers,
            grace,
        }
    }
}

/// Serves until `shutdown` resolves; then takes no new connection, lets the streams that are under way
/// finish within [`Bounds::grace`], and cuts off what is left.
///
/// Every connection has `TCP_NODELAY`. HTTP/1.1, and HTTP/2 where the client knows that it may speak it.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    shutdown: impl Future<Output = ()>,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.headers);
    builder.http2().timer(TokioTimer::new());
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut connections = tokio::task::JoinSet::new();
    let mut shutdown = pin!(shutdown);

    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (accept(&listener).await, place)
        };
        let (stream, place) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        let begun = Arc::new(Notify::new());
        let (router, first) = (router.clone(), begun.clone());
        let service = service_fn(move |request| {
            first.notify_one();
            router.clone().oneshot(request)
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            tokio::select! {
                // What goes wrong on a caller's connection is the caller's to notice.
                _ = connection => {}
                () = silence(&begun, bounds.headers) => {}
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(bounds.grace, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            cut_off = connections.len(),
            "the grace of the shutdown is over"
        );
    }
    // Not only told to end, but ended: by then the last records are written.
    connections.shutdown().await;
}

/// Resolves when a connection's first request does not come. hyper itself has no limit before it knows
/// which protocol is spoken.
async fn silence(begun: &Notify, patience: Duration) {
    if tokio::time::timeout(patience, begun.notified())
        .await
        .is_ok()
    {
        std::future::pending().await
    }
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
                tracing::error!(%error, "cannot accept");
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
