//! Each layer alone, and all of them.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use switchtower::admit::read::ReadLayer;
use switchtower::catalog::Catalog;
use switchtower::choose::ChooseLayer;
use switchtower::dispatch::{address, commit, deadline, fallback, retry};
use switchtower::meter::MeterLayer;
use switchtower::settle::{MemoryLedger, SettleLayer};
use switchtower::{Payload, Stack};
use tower_layer::Layer;
use tower_service::Service;

use crate::client::Instant;
use crate::measure::{self, Cost};

/// Calls the service and reads its answer to the end, without a runtime in between.
fn run<S, Q, B>(service: &mut S, request: Request<Q>) -> usize
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: Body<Data = Bytes>,
{
    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready());
    let mut future = pin!(service.call(request));
    let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) else {
        panic!("no answer")
    };
    let mut body = pin!(response.into_body());
    let mut bytes = 0;
    while !body.is_end_stream() {
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => bytes += frame.data_ref().map_or(0, Bytes::len),
            Poll::Ready(None) => break,
            _ => panic!("no frame"),
        }
    }
    bytes
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "localhost:8080"),
        ("authorization", "Bearer sk-or-v1-0123456789"),
        ("content-type", "application/json"),
        ("accept", "*/*"),
        ("user-agent", "bench"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    headers
}

fn request<Q>(body: Q) -> Request<Q> {
    let mut request = Request::new(body);
    *request.uri_mut() = http::Uri::from_static("/api/v1/chat/completions");
    *request.headers_mut() = headers();
    request
}

fn payload(payload: &Payload) -> Request<Payload> {
    request(payload.clone())
}

fn full(body: &Bytes) -> Request<http_body_util::Full<Bytes>> {
    request(http_body_util::Full::new(body.clone()))
}

/// The harness: the client alone.
pub(crate) fn bare(body: &Bytes) -> Cost {
    let mut client = Instant::whole();
    measure::of(|| run(&mut client, full(body)))
}

/// One event through the harness.
pub(crate) fn bare_event() -> Cost {
    let cost = |count| {
        let mut client = Instant::stream(count);
        measure::of(|| run(&mut client, full(&Bytes::new())))
    };
    (cost(1001) - cost(1)) / 1000
}

pub(crate) fn each(body: &Bytes) -> Vec<(&'static str, Cost)> {
    let whole = Payload::read(body.clone()).unwrap();
    let client = Instant::whole;
    let mut rows = Vec::new();
    let mut read = ReadLayer::new().layer(client());
    rows.push(("read", measure::of(|| run(&mut read, full(body)))));
    macro_rules! layer {
        ($name:literal, $layer:expr) => {
            let mut service = $layer.layer(client());
            rows.push(($name, measure::of(|| run(&mut service, payload(&whole)))));
        };
    }
    layer!("choose", ChooseLayer::new(catalog()).seed(7));
    layer!("settle", SettleLayer::new(MemoryLedger::new(100)));
    layer!("fallback", fallback::FallbackLayer::new());
    layer!("retry", retry::RetryLayer::new());
    layer!("commit", commit::CommitLayer::new());
    layer!("deadline", deadline::DeadlineLayer::default());
    layer!("meter", MeterLayer::new());
    layer!("address", address::AddressLayer::new());
    rows
}

pub(crate) fn stack(body: &Bytes) -> Cost {
    let stack = Stack::new(catalog())
        .seed(7)
        .with_ledger(MemoryLedger::new(100));
    let mut service = stack.around(Instant::whole());
    measure::of(|| run(&mut service, full(body)))
}

pub(crate) fn stream(events: u32) -> Cost {
    let stack = Stack::new(catalog())
        .seed(7)
        .with_ledger(MemoryLedger::new(100));
    let mut service = stack.around(Instant::stream(events));
    let body =
        r#"{"model":"acme/swift","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let body = Bytes::from(body);
    measure::of(|| run(&mut service, full(&body)))
}

/// One model with four endpoints.
fn catalog() -> Arc<Catalog> {
    let mut text = String::from("[models.\"acme/swift\"]\n");
    for (place, name) in ["alpha", "beta", "gamma", "delta"].into_iter().enumerate() {
        let price = place + 1;
        text.push_str(&format!(
            "[[models.\"acme/swift\".endpoints]]\nprovider = \"{name}\"\nmodel = \"swift-2\"\n\
             prices = {{ prompt = \"{price}\", completion = \"{price}\" }}\n"
        ));
    }
    for name in ["alpha", "beta", "gamma", "delta"] {
        text.push_str(&format!(
            "[providers.{name}]\nbase_url = \"http://{name}.example/v1\"\n"
        ));
    }
    Arc::new(Catalog::from_toml(&text, "bench.toml", |_| None).unwrap())
}
