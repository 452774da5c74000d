//! The yardstick: what hyper alone costs between the same two sockets.

use std::net::SocketAddr;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;

pub(crate) async fn serve(listener: TcpListener, upstream: SocketAddr) {
    let client: Client<_, Incoming> =
        Client::builder(TokioExecutor::new()).build(switchtower::client::hyper::connector());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let client = client.clone();
        let forward = service_fn(move |mut request: http::Request<Incoming>| {
            let uri = format!("http://{upstream}/v1/chat/completions");
            *request.uri_mut() = uri.parse().unwrap();
            client.request(request)
        });
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let _ = builder
                .serve_connection(TokioIo::new(stream), forward)
                .await;
        });
    }
}
