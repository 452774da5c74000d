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
use switchtower::dispatch::{address, commit, deadline, fallback, gate, hedge, retry};
use switchtower::gateway::{Front, Gateway};
use switchtower::meter::MeterLayer;
use switchtower::settle::{MemoryLedger, SettleLayer};
use switchtower::{Payload, Stack};
use tower_layer::Layer;
use tower_service::Service;

use crate::client::Instant;
use crate::measure::{Cost, Gauge};

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
    assert_eq!(response.status(), 200);
    let mut body = pin!(response.into_body());
    let mut bytes = 0;
    while !body.is_end_stream() {
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => bytes += frame.data_ref().map_or(0, Bytes::len),
            Poll::Ready(None) => break,
            Poll::Ready(Some(Err(_))) => panic!("no frame"),
            Poll::Pending => {}
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
    *request.method_mut() = http::Method::POST;
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
pub(crate) fn bare(gauge: &mut Gauge, body: &Bytes) -> Cost {
    let mut client = Instant::whole();
    gauge.of(|| run(&mut client, full(body)))
}

pub(crate) fn read(gauge: &mut Gauge, body: &Bytes) -> Cost {
    let mut read = ReadLayer::new().layer(Instant::whole());
    gauge.of(|| run(&mut read, full(body)))
}

/// Each layer but `read`.
pub(crate) fn others(gauge: &mut Gauge, body: &Bytes) -> Vec<(&'static str, Cost)> {
    let whole = Payload::read(body.clone()).unwrap();
    let client = Instant::whole;
    let mut rows = Vec::new();
    macro_rules! layer {
        ($name:literal, $layer:expr) => {
            let mut service = $layer.layer(client());
            rows.push(($name, gauge.of(|| run(&mut service, payload(&whole)))));
        };
    }
    layer!("choose", ChooseLayer::new(catalog()).seed(7));
    layer!("settle", SettleLayer::new(ledger()));
    layer!("fallback", fallback::FallbackLayer::new());
    layer!("hedge", hedge::HedgeLayer::new());
    layer!("retry", retry::RetryLayer::new());
    layer!("gate", gate::GateLayer::default());
    layer!("commit", commit::CommitLayer::new());
    layer!("deadline", deadline::DeadlineLayer::default());
    layer!("meter", MeterLayer::new());
    layer!("address", address::AddressLayer::new());
    rows
}

pub(crate) fn stack(gauge: &mut Gauge, body: &Bytes) -> Cost {
    let mut service = whole_stack().around(Instant::whole());
    gauge.of(|| run(&mut service, full(body)))
}

/// The stack under the gateway's front door: the key, the route, and the answer retold.
pub(crate) fn gateway(gauge: &mut Gauge, body: &Bytes) -> Cost {
    let mut front = front(Instant::whole());
    gauge.of(|| run(&mut front, full(body)))
}

/// What one event more costs: the harness, the stack, the gateway.
pub(crate) fn event(gauge: &mut Gauge, slow: bool) -> [Cost; 3] {
    [
        each_event(gauge, slow, |client| client),
        each_event(gauge, slow, |client| whole_stack().around(client)),
        each_event(gauge, slow, front),
    ]
}

/// The whole stack, many times.
pub(crate) fn profile(body: &Bytes) {
    let mut service = whole_stack().around(Instant::whole());
    for _ in 0..2_000_000 {
        std::hint::black_box(run(&mut service, full(body)));
    }
}

fn each_event<S, B>(gauge: &mut Gauge, slow: bool, service: impl Fn(Instant) -> S) -> Cost
where
    S: Service<Request<http_body_util::Full<Bytes>>, Response = Response<B>>,
    B: Body<Data = Bytes>,
{
    let body = Bytes::from_static(
        br#"{"model":"acme/swift","stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
    );
    let mut stream = |events| {
        let client = Instant::stream(events);
        let mut service = service(if slow { client.slow() } else { client });
        gauge.of(|| run(&mut service, full(&body)))
    };
    let one = stream(1);
    (stream(101) - one) / 100
}

fn whole_stack() -> Stack {
    Stack::new(catalog()).seed(7).with_ledger(ledger())
}

fn front(client: Instant) -> Front {
    let gateway = Gateway::new(whole_stack(), client);
    gateway.keys(["sk-or-v1-0123456789"]).service()
}

/// Small enough to be full when it is measured.
fn ledger() -> MemoryLedger {
    MemoryLedger::new(10)
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
