//! The stack without the gateway: what an application has that brings a server of its own.

use std::net::SocketAddr;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use switchtower::{Stack, client};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::support::gateway::catalog;

pub(crate) async fn serve(listener: TcpListener, upstream: SocketAddr) {
    let chain = Stack::new(catalog(upstream)).around(client::hyper::plain());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let chain = chain.clone();
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let _ = builder
                .serve_connection(
                    TokioIo::new(stream),
                    service_fn(move |request| chain.clone().oneshot(request)),
                )
                .await;
        });
    }
}
