//! The least that any gateway does: the bare proxy, which collects what is asked and what is answered, and reads each
//! with one borrowed serde_json pass. It checks no key, changes nothing, counts nothing and has no clock.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::net::TcpListener;

/// What it looks for.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only the reading counts")]
struct Peeked<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    stream: Option<bool>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

pub(crate) async fn serve(listener: TcpListener, upstream: SocketAddr) {
    let client: Client<_, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build(switchtower::client::hyper::connector());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let client = client.clone();
        let forward = service_fn(move |request| forward(client.clone(), upstream, request));
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let _ = builder
                .serve_connection(TokioIo::new(stream), forward)
                .await;
        });
    }
}

async fn forward(
    client: Client<HttpConnector, Full<Bytes>>,
    upstream: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper_util::client::legacy::Error> {
    let (mut head, body) = request.into_parts();
    head.uri = format!("http://{upstream}/v1/chat/completions")
        .parse()
        .unwrap();
    let body = read(body).await;
    let response = client
        .request(Request::from_parts(head, Full::new(body)))
        .await?;
    let (head, body) = response.into_parts();
    Ok(Response::from_parts(head, Full::new(read(body).await)))
}

async fn read(body: Incoming) -> Bytes {
    let body = body.collect().await.unwrap().to_bytes();
    assert!(serde_json::from_slice::<Peeked<'_>>(&body).is_ok());
    body
}
