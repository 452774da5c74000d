//! Every layer keeps Tower's contract, and every body that of `http_body`.

mod flow;

use std::sync::Arc;

use bytes::Bytes;
use flow::{Answer, Client, Step, Told, good, json, ordered, role, tell, text, three};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use switchtower::admit::key::KeyLayer;
use switchtower::admit::quota::QuotaLayer;
use switchtower::admit::read::ReadLayer;
use switchtower::catalog::Catalog;
use switchtower::choose::ChooseLayer;
use switchtower::dispatch::address::AddressLayer;
use switchtower::dispatch::commit::CommitLayer;
use switchtower::dispatch::deadline::DeadlineLayer;
use switchtower::dispatch::fallback::FallbackLayer;
use switchtower::dispatch::gate::GateLayer;
use switchtower::dispatch::hedge::HedgeLayer;
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::dispatch::retry::{Budgets, RetryLayer};
use switchtower::limits::{Limits, Rule, Scope, Unit, Window};
use switchtower::meter::MeterLayer;
use switchtower::settle::{MemoryLedger, SettleLayer};
use switchtower::testing::{Probe, ProbeBody};
use switchtower::{Payload, Stack};
use tower::layer::layer_fn;
use tower::{Layer, ServiceBuilder, ServiceExt};

// === Services ===

/// More than anybody asks for.
fn ample() -> Limits {
    let rule = |name, unit| Rule::new(name, Scope::Account, unit, Window::Forever, 1 << 40);
    Limits::new([Unit::Requests, Unit::Tokens].map(|unit| rule(unit.name(), unit).unwrap()))
}

fn request() -> Request<Payload> {
    asking(true)
}

fn asking(stream: bool) -> Request<Payload> {
    let mut request = Request::new(Payload::read(ordered(stream)).unwrap());
    let key = "Bearer sk-or-v1-secret".parse().unwrap();
    request.headers_mut().insert("authorization", key);
    request
}

type Provider = Probe<Request<Payload>, Response<ProbeBody>>;

/// Answers in an event stream.
fn streaming() -> Provider {
    Probe::new(|_, ask| {
        let mut response = Response::new(ask.body(good("hi")));
        let kind = "text/event-stream".parse().unwrap();
        response.headers_mut().insert("content-type", kind);
        Ok(response)
    })
}

/// Answers in one document.
fn whole() -> Provider {
    Probe::new(|_, ask| Ok(Response::new(ask.body([json("hi")]))))
}

/// Answers only the third question of each service.
fn failing() -> Provider {
    Probe::new(|_: Request<Payload>, ask| {
        let mut response = Response::new(ask.body([json("hi")]));
        if ask.number() % 3 != 2 {
            *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        }
        Ok(response)
    })
}

/// A layer under the probe, over a provider that streams, one that does not, and one that fails.
macro_rules! service_contract {
    ($($name:ident: $layer:expr,)*) => { mod service { $(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            use super::*;
            for probe in [streaming(), whole(), failing()] {
                // Made afresh for each check, as it may share a state.
                let layer = layer_fn(|inner| $layer.layer(inner));
                probe.check(layer, request).await.assert_clean();
            }
        }
    )* } };
}

service_contract! {
    key: KeyLayer::new(["sk-or-v1-secret"]),
    read: ReadLayer::new(),
    quota: QuotaLayer::new(ample()),
    choose: ChooseLayer::new(three()),
    settle: SettleLayer::new(MemoryLedger::default()),
    fallback: FallbackLayer::new(),
    fallback_with_candidates: (ChooseLayer::new(three()), FallbackLayer::new(), CommitLayer::new(), MeterLayer::new()),
    hedge: HedgeLayer::new().all(),
    hedge_with_candidates: (ChooseLayer::new(three()), HedgeLayer::new().all(), CommitLayer::new(), MeterLayer::new()),
    hedge_at_once: (ChooseLayer::new(three()), HedgeLayer::new().all().floor(flow::millis(0)).cap(flow::millis(0)), CommitLayer::new(), MeterLayer::new()),
    recover: RecoverLayer::new().on(true),
    recover_with_a_plan: (ChooseLayer::new(three()), RecoverLayer::new().on(true), FallbackLayer::new(), CommitLayer::new(), MeterLayer::new()),
    retry: RetryLayer::new(),
    retry_with_a_plan: (ChooseLayer::new(three()), RetryLayer::new(), CommitLayer::new(), MeterLayer::new()),
    gate: GateLayer::default(),
    gate_with_a_plan: (ChooseLayer::new(three()), FallbackLayer::new(), GateLayer::default(), CommitLayer::new(), MeterLayer::new()),
    commit: CommitLayer::new(),
    commit_with_meter: (CommitLayer::new(), MeterLayer::new()),
    deadline: DeadlineLayer::default(),
    meter: MeterLayer::new(),
    address: AddressLayer::new(),
    address_with_a_plan: (ChooseLayer::new(three()), AddressLayer::new()),
    stack: Stack::new(three()).seed(7),
    stack_that_recovers: Stack::new(three()).seed(7).recover(RecoverLayer::new().on(true)),
}

#[tokio::test(start_paused = true)]
async fn many_calls_run_at_once_through_the_whole_stack() {
    let probe = streaming();
    probe.hold_calls();
    let stack = Stack::new(three()).around(probe.service());
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        calls.spawn(stack.clone().oneshot(request()));
    }
    probe.until(|tally| tally.in_flight == 50).await;
    probe.release();
    while let Some(answer) = calls.join_next().await {
        let body = answer.unwrap().unwrap().into_body();
        assert_eq!(tell(body).await.frames, good("hi"));
    }
    let tally = probe.tally();
    assert_eq!(
        (tally.unready_calls, tally.reserved, tally.cancelled),
        (0, 0, 0)
    );
    assert_eq!((tally.bodies, tally.bodies_dropped), (50, 50));
}

/// A slow upload holds nothing: the inner service is asked once the body is here.
#[tokio::test(start_paused = true)]
async fn a_slow_upload_holds_no_readiness() {
    let probe = whole();
    let stack = ReadLayer::new().layer(probe.service());
    let body = Answer::steps([Step::data("{"), Step::Hang]).flow(flow::life());
    let mut asking = Box::pin(stack.oneshot(Request::new(body)));
    assert!(futures_util::poll!(asking.as_mut()).is_pending());
    assert_eq!((probe.tally().polls, probe.tally().reserved), (0, 0));
}

// === Bodies ===

/// A layer's body over a body that is strict: whole documents, streams, trailers, breaks, drops.
macro_rules! body_contract {
    ($($name:ident: $layer:expr,)*) => { mod body { $(
        mod $name {
            use super::super::*;

            async fn answer(answer: Answer) -> (impl http_body::Body<Data = Bytes, Error = impl Into<switchtower::BoxError> + std::fmt::Debug + 'static>, Client) {
                let stream = answer.headers["content-type"] != "application/json";
                let client = Client::new([answer]);
                let service = $layer.layer(client.clone());
                (service.oneshot(asking(stream)).await.unwrap().into_body(), client)
            }

            async fn told(from: Answer) -> Told {
                tell(answer(from).await.0).await
            }

            #[tokio::test]
            async fn a_document_of_known_length() {
                let whole = Bytes::from(json("hi"));
                for at in [0, 1, 50, whole.len()] {
                    let told = told(Answer::json([whole.slice(..at), whole.slice(at..)])).await;
                    assert_eq!(told.bytes(), whole);
                    for (rest, hint) in &told.hints {
                        assert_eq!(hint.exact(), Some(*rest));
                    }
                    assert!(told.end_was_known, "hyper would ask once more");
                }
            }

            #[tokio::test]
            async fn a_document_of_unknown_length() {
                let told = told(Answer::json([json("hi")]).unsized_()).await;
                assert_eq!(told.text(), json("hi"));
            }

            #[tokio::test]
            async fn a_stream() {
                let told = told(Answer::sse(good("hi"))).await;
                assert_eq!(told.frames, good("hi"));
                assert!(told.hints[..4].iter().all(|(_, hint)| hint.upper().is_none()));
            }

            #[tokio::test]
            async fn trailers() {
                let trailers = HeaderMap::from_iter([("x-cost".parse().unwrap(), "1".parse().unwrap())]);
                for from in [Answer::sse(good("hi")), Answer::json([json("hi")])] {
                    let told = told(from.then(Step::Trailers(trailers.clone()))).await;
                    assert_eq!(told.trailers.as_ref(), Some(&trailers));
                    assert!(told.text() == good("hi").concat() || told.text() == json("hi"));
                }
            }

            #[tokio::test]
            async fn a_break() {
                // Told as an error or in band; after it there is nothing.
                let told = told(Answer::sse([role(), text("hi")]).then(Step::Break)).await;
                assert!(told.error.is_some() || told.text().contains("\"error\""));
            }

            #[tokio::test]
            async fn a_drop_at_any_point_lets_go_of_what_is_inside() {
                for frames in 0..=4 {
                    let (body, client) = answer(Answer::sse(good("hi")).then(Step::Hang)).await;
                    let mut body = Box::pin(body);
                    for _ in 0..frames {
                        body.frame().await.unwrap().unwrap();
                    }
                    drop(body);
                    assert_eq!(client.alive(), 0);
                }
            }

            #[tokio::test]
            async fn it_waits_to_be_woken() {
                tokio::time::pause();
                let (body, _) = answer(paced()).await;
                assert_eq!(tell(body).await.frames, good("hi"));
            }
        }
    )* } };
}

/// With nothing left for anybody who is to be asked again.
fn spent() -> Budgets {
    let (budgets, now) = (Budgets::default(), std::time::Instant::now());
    while budgets.of("", now).withdraw(now) {}
    budgets
}

/// Each event comes a second after the one before it.
fn paced() -> Answer {
    let second = || Step::Wait(flow::secs(1));
    Answer::steps(
        good("hi")
            .into_iter()
            .flat_map(|event| [Step::data(event), second()]),
    )
}

body_contract! {
    quota: QuotaLayer::new(ample()),
    settle: SettleLayer::new(MemoryLedger::default()),
    commit: CommitLayer::new(),
    deadline: DeadlineLayer::default(),
    meter: MeterLayer::new(),
    recover: RecoverLayer::new().on(true),
    recover_over_commit: (RecoverLayer::new().on(true).budgets(spent()), CommitLayer::new(), MeterLayer::new()),
    commit_over_meter: (CommitLayer::new(), MeterLayer::new()),
    deadline_over_meter: (DeadlineLayer::default(), MeterLayer::new()),
    stack: Stack::new(three()).seed(7),
}

/// hyper asks no more once a body reports its end: until then the answer must be whole, and when the
/// last frame is out the record must be there.
#[tokio::test]
async fn whoever_stops_at_the_reported_end_misses_nothing() {
    let without_done = good("hi")[..3].to_vec();
    let broken = Answer::sse([role(), text("hi")]).then(Step::Break);
    for (answer, stream, ends) in [
        (Answer::json([json("hi")]), false, "}}"),
        (Answer::json([json("hi")]).unsized_(), false, "}}"),
        (Answer::sse(good("hi")), true, "[DONE]\n\n"),
        (Answer::sse(without_done), true, "[DONE]\n\n"),
        (broken, true, "[DONE]\n\n"),
    ] {
        let story = format!("{answer:?}");
        let stack = Stack::new(three()).seed(7);
        let service = stack.around(Client::new([answer]));
        let response = service
            .oneshot(Request::new(ordered(stream)))
            .await
            .unwrap();
        let mut body = Box::pin(response.into_body());
        let mut told = Vec::new();
        while !http_body::Body::is_end_stream(&body) {
            let Some(frame) = body.frame().await else {
                break;
            };
            told.extend(frame.unwrap().into_data().unwrap());
        }
        let told = String::from_utf8(told).unwrap();
        assert!(told.ends_with(ends), "{story}: {told}");
        assert_eq!(stack.ledger().records().len(), 1, "{story}");
    }
}

#[tokio::test]
async fn bodies_and_futures_can_be_sent_to_other_threads() {
    fn sendable<T: Send + 'static>(value: T) -> T {
        value
    }
    let stack = Stack::new(three()).around(Client::new([Answer::sse(good("hi"))]));
    let asking = sendable(sendable(stack).oneshot(Request::new(ordered(true))));
    let response = sendable(asking.await.unwrap());
    assert_eq!(tell(response.into_body()).await.frames, good("hi"));
}

#[tokio::test]
async fn a_stack_is_a_layer_in_a_builder() {
    let catalog: Arc<Catalog> = three();
    let service = ServiceBuilder::new()
        .layer(KeyLayer::new(["k"]))
        .layer(Stack::new(catalog))
        .service(Client::new([Answer::json([json("hi")])]));
    let request = Request::builder().header("x-api-key", "k");
    let response = service
        .oneshot(request.body(ordered(false)).unwrap())
        .await
        .unwrap();
    assert_eq!(tell(response.into_body()).await.text(), json("hi"));
}
