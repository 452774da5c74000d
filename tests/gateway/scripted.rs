//! A gateway around a provider that says exactly these bytes, cut exactly there.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};
use switchtower::catalog::Catalog;
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::gateway::{Bounds, Gateway, serve};
use switchtower::{Payload, Stack};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::{ServiceExt, service_fn};

use crate::support::{Caller, KEY};

pub(crate) const CATALOG: &str = r#"
[providers.first]
name = "First"
base_url = "http://first.example/v1"
[models."acme/large"]
[[models."acme/large".endpoints]]
provider = "first"
model = "large-1"
prices = { prompt = "1", completion = "2" }
"#;

/// What comes after the last piece.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Then {
    End,
    Silence,
}

/// A gateway whose provider streams these pieces.
pub(crate) fn gateway(catalog: &str, pieces: &[impl AsRef<[u8]>], then: Then) -> Gateway {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| Bytes::copy_from_slice(piece.as_ref()))
        .collect();
    let client = service_fn(move |_: Request<Payload>| {
        let frames = pieces
            .clone()
            .into_iter()
            .map(Frame::data)
            .map(Ok::<_, Infallible>);
        let rest = match then {
            Then::End => stream::empty().boxed(),
            Then::Silence => stream::pending().boxed(),
        };
        let body = StreamBody::new(stream::iter(frames).chain(rest));
        let response = Response::builder().header("content-type", "text/event-stream");
        let response = response.body(body).unwrap();
        async move { Ok::<_, Infallible>(response) }
    });
    let catalog = Arc::new(Catalog::from_toml(catalog, "switchtower.toml", |_| None).unwrap());
    let stack = Stack::new(catalog).recover(RecoverLayer::new().on(false));
    Gateway::new(stack, client).keys([KEY])
}

/// What a caller hears of such a stream.
pub(crate) async fn told(gateway: Gateway) -> String {
    let ask = json!({"model": "acme/large", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let request = Request::post("/api/v1/chat/completions")
        .header("authorization", format!("Bearer {KEY}"))
        .body(Body::from(ask.to_string()))
        .unwrap();
    let response = gateway.router().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

/// The chunks in what was heard, whatever its line ends.
pub(crate) fn chunks(heard: &str) -> Vec<Value> {
    let heard = heard.replace("\r\n", "\n").replace('\r', "\n");
    let events = heard
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "));
    events
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect()
}

/// A router that is served until it is told to stop; no stream may go on for long after that.
pub(crate) struct Served {
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) server: JoinHandle<()>,
    pub(crate) caller: Caller,
}

pub(crate) async fn served(router: axum::Router, bounds: Bounds) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serve(listener, router, bounds, async {
        let _ = stopped.await;
    }));
    let caller = Caller::connect(address).await;
    Served {
        stop,
        server,
        caller,
    }
}
