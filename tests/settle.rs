//! Hold before, charge once after, whatever happened.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use serde_json::{Value, json};
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Override, Prices, Provider, Rate};
use switchtower::choose::ChooseLayer;
use switchtower::meter::{MeterLayer, read_usage};
use switchtower::settle::{
    Certainty, Claim, Held, Ledger, MemoryLedger, Record, SettleLayer, Slot, Totals, cost_of,
};
use switchtower::wire::Finish;
use switchtower::{BoxError, Call, End, Error, Kind, Money, Payload, Price, Short, Usage, Wishes};
use tokio::task::JoinSet;
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

// === Exactly one record ===

#[tokio::test(start_paused = true)]
async fn a_record_says_for_which_user_and_about_what() {
    let user = "\u{e9}".repeat(100);
    let body =
        json!({"model": "a/x", "user": user, "messages": [{"role": "user", "content": "hey"}]});
    for tag in [Some("nightly"), None] {
        let mut request = Request::new(Payload::read(body.to_string()).unwrap());
        let wishes = Wishes {
            tag: tag.map(Short::from),
            ..Wishes::NONE
        };
        Call::of(request.extensions_mut()).set_wishes(wishes);
        let (ledger, chain) = chain(KNOWN, whole(ANSWER));
        let answer = chain.oneshot(request).await.unwrap();
        answer.into_body().collect().await.unwrap();
        let record = the_record(&ledger);
        assert_eq!(record.user.as_deref(), Some(&*"\u{e9}".repeat(64)));
        assert_eq!(record.tag.as_deref(), tag);
    }
    let (ledger, chain) = chain(KNOWN, whole(ANSWER));
    let answer = chain.oneshot(request()).await.unwrap();
    answer.into_body().collect().await.unwrap();
    assert_eq!(the_record(&ledger).user, None);
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_is_one_record_once_it_is_read() {
    let (ledger, chain) = chain(KNOWN, whole(ANSWER));
    let response = chain.oneshot(request()).await.unwrap();
    assert_eq!(
        ledger.totals().records,
        0,
        "nothing is over until the body is"
    );
    response.into_body().collect().await.unwrap();
    let record = the_record(&ledger);
    assert_eq!(record.end, End::Complete);
    assert_eq!(record.finish, Some(Finish::Stop));
    assert_eq!(record.requested.as_deref(), Some("a/x"));
    assert!(!record.streamed);
    assert_eq!(record.attempts.len(), 1);
    let attempt = &record.attempts[0];
    assert_eq!(attempt.tag(), Some("one"));
    assert_eq!(attempt.provider(), Some("One"));
    assert_eq!(attempt.model(), Some("a/x"));
    assert_eq!(attempt.status, Some(200));
    assert!(ledger.get(record.id.as_str()).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_one_record_and_dropping_its_rest_adds_none() {
    let (ledger, chain) = chain(KNOWN, sse(&[HI, STOP, DONE], Then::End));
    let response = chain.oneshot(request()).await.unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(ledger.totals().records, 0);
    while body.frame().await.is_some() {}
    assert_eq!(the_record(&ledger).end, End::Complete);
    drop(body);
    assert_eq!(ledger.totals().records, 1);
}

/// hyper asks for no more once `is_end_stream` is true: nobody polls such a body to its `None`.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_asked_by_is_end_stream_only_is_complete() {
    for answer in [whole(ANSWER), sse(&[HI, STOP, DONE], Then::End)] {
        let (ledger, chain) = chain(KNOWN, answer);
        let response = chain.oneshot(request()).await.unwrap();
        let mut body = response.into_body();
        while !body.is_end_stream() {
            if body.frame().await.is_none() {
                break;
            }
        }
        drop(body);
        assert_eq!(the_record(&ledger).end, End::Complete);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_has_seen_the_last_event_finds_the_record() {
    let (ledger, chain) = chain(KNOWN, sse(&[HI, STOP, DONE], Then::Hang));
    let mut body = chain.oneshot(request()).await.unwrap().into_body();
    for _ in 0..3 {
        assert_eq!(ledger.totals().records, 0);
        body.frame().await.unwrap().unwrap();
    }
    assert_eq!(the_record(&ledger).end, End::Complete);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_body_is_cancelled() {
    let (ledger, chain) = chain(KNOWN, sse(&[HI], Then::Hang));
    let mut body = chain.oneshot(request()).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let record = the_record(&ledger);
    assert_eq!(record.end, End::Cancelled);
    assert_eq!(record.attempts[0].end, End::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_is_cancelled() {
    let (ledger, chain) = chain(KNOWN, never());
    let asked = tokio::time::timeout(Duration::from_secs(5), chain.oneshot(request())).await;
    assert!(asked.is_err());
    let record = the_record(&ledger);
    assert_eq!(record.end, End::Cancelled);
    assert_eq!(record.attempts[0].end, End::Cancelled);
    assert_eq!(record.attempts[0].status, None);
    assert_eq!(record.took, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_future_that_was_never_polled_is_cancelled() {
    let (ledger, mut chain) = chain(KNOWN, whole(ANSWER));
    let future = chain.ready().await.unwrap().call(request());
    drop(future);
    assert_eq!(the_record(&ledger).end, End::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn an_error_from_inside_is_failed() {
    for (answer, kind) in [
        (broken(io::ErrorKind::ConnectionRefused), Kind::Connect),
        (broken(io::ErrorKind::ConnectionReset), Kind::Disconnected),
        (
            status(429, r#"{"error":{"message":"no"}}"#),
            Kind::RateLimited,
        ),
    ] {
        let (ledger, chain) = chain(KNOWN, answer);
        let error = chain.oneshot(request()).await.err().unwrap();
        assert_eq!(error.kind(), kind);
        assert_eq!(the_record(&ledger).end, End::Failed(kind));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_is_failed() {
    let (ledger, chain) = chain(KNOWN, sse(&[HI], Then::Break));
    let response = chain.oneshot(request()).await.unwrap();
    assert!(response.into_body().collect().await.is_err());
    let record = the_record(&ledger);
    assert_eq!(record.end, End::Failed(Kind::Disconnected));
    assert_eq!(record.charge, Some(Money::ZERO));
}

/// hyper does not poll a body that says at once that it is over, so its request was written down as
/// cancelled. Without `meter` there is nobody else who knows better.
#[tokio::test(start_paused = true)]
async fn an_empty_body_is_complete_without_a_poll() {
    let ledger = MemoryLedger::new(10);
    let service = ServiceBuilder::new()
        .layer(SettleLayer::new(ledger.clone()))
        .service(service_fn(|_: Request<Payload>| async {
            Ok::<_, BoxError>(Response::new(Empty::<Bytes>::new()))
        }));
    let response = service.oneshot(request()).await.unwrap();
    assert!(response.body().is_end_stream());
    drop(response);
    assert_eq!(the_record(&ledger).end, End::Complete);
}

#[tokio::test(start_paused = true)]
async fn an_unwatched_body_is_complete_with_its_last_frame() {
    let ledger = MemoryLedger::new(10);
    let service = ServiceBuilder::new()
        .layer(SettleLayer::new(ledger.clone()))
        .service(service_fn(|_: Request<Payload>| whole("hi")()));
    let mut body = service.oneshot(request()).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    assert!(body.is_end_stream());
    assert_eq!(the_record(&ledger).end, End::Complete);
}

/// Without `meter`, a body that broke was written down as cancelled, or even as complete by a caller
/// that polled once more.
#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_unwatched_is_failed() {
    for polled_again in [false, true] {
        let ledger = MemoryLedger::new(10);
        let service = ServiceBuilder::new()
            .layer(SettleLayer::new(ledger.clone()))
            .service(service_fn(|_: Request<Payload>| sse(&[HI], Then::Break)()));
        let mut body = service.oneshot(request()).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        body.frame().await.unwrap().unwrap_err();
        if polled_again {
            assert!(body.frame().await.is_none());
        }
        drop(body);
        assert_eq!(
            the_record(&ledger).end,
            End::Failed(Kind::Disconnected),
            "polled again: {polled_again}"
        );
    }
}

/// The attempt ends before the hold settles, and the upstream call before both.
#[tokio::test(start_paused = true)]
async fn what_is_inside_ends_first() {
    let desk = Desk::new(1);
    let log = desk.clone();
    let inner = BoxCloneService::new(service_fn(move |_: Request<Payload>| {
        let dropped = Dropped(log.clone());
        let events = stream::iter([Ok(Frame::data(Bytes::from(event(HI))))])
            .chain(stream::pending())
            .inspect(move |_| drop(dropped.0.clone()));
        let mut response = Response::new(StreamBody::new(events).boxed_unsync());
        let kind = "text/event-stream".parse().unwrap();
        response.headers_mut().insert("content-type", kind);
        async { Ok::<Answer, io::Error>(response) }
    }));
    let mut chain = ServiceBuilder::new()
        .layer(ChooseLayer::new(Arc::new(catalog(KNOWN))).seed(1))
        .layer(SettleLayer::new(desk.clone()))
        .layer(MeterLayer::new())
        .service(inner);
    let response = chain.ready().await.unwrap().call(request()).await.unwrap();
    drop(response);
    let state = desk.0.lock().unwrap();
    assert_eq!(
        state.log,
        ["held", "upstream dropped", "written", "place given back"]
    );
    // An attempt that had not ended yet would count as complete.
    assert_eq!(state.written[0].attempts[0].end, End::Cancelled);
}

// === Hold ===

#[tokio::test(start_paused = true)]
async fn a_hold_is_the_worst_case_and_returns_to_zero() {
    // A byte a token, what a message adds, and the longest answer that is allowed, twice.
    let asked = json!({
        "model": "a/x", "n": 2, "max_tokens": 100,
        "messages": [{"role": "user", "content": "hello"}],
    });
    let payload = Payload::read(asked.to_string()).unwrap();
    let prompt = payload.bytes().len() - r#""a/x""#.len() + 16;
    let worst = prompt as i128 * MICRO + 2 * 100 * 2 * MICRO;

    for (answer, ends) in [
        (sse(&[HI, STOP, DONE], Then::End), "read"),
        (sse(&[HI], Then::Hang), "dropped"),
        (sse(&[HI], Then::Break), "read"),
    ] {
        let (ledger, mut chain) = chain(KNOWN, answer);
        chain.ready().await.unwrap();
        assert_eq!(ledger.totals().held, 0);
        let future = chain.call(Request::new(payload.clone()));
        assert_eq!(ledger.totals().held, worst);
        let response = future.await.unwrap();
        assert_eq!(ledger.totals().held, worst);
        match ends {
            "read" => drop(response.into_body().collect().await),
            _ => drop(response),
        }
        assert_eq!(ledger.totals().held, 0);
    }

    let (ledger, mut chain) = chain(KNOWN, broken(io::ErrorKind::ConnectionReset));
    let future = chain.ready().await.unwrap().call(Request::new(payload));
    assert_eq!(ledger.totals().held, worst);
    assert!(future.await.is_err());
    assert_eq!(ledger.totals().held, 0);
}

#[tokio::test(start_paused = true)]
async fn the_hold_is_for_the_dearest_candidate_and_holds_add_up() {
    let catalog = Catalog::builder()
        .provider(Provider::new("one", "http://one.test/v1".parse().unwrap()))
        .provider(Provider::new("two", "http://two.test/v1".parse().unwrap()))
        .provider(Provider::new(
            "three",
            "http://three.test/v1".parse().unwrap(),
        ))
        .model(
            ModelSpec::new("a/x")
                .endpoint(EndpointSpec::new("one", "x").with_prices(prices(KNOWN)))
                .endpoint(
                    EndpointSpec::new("two", "x")
                        .with_prices(prices(&[(Rate::Prompt, "0.1"), (Rate::Completion, "50")])),
                )
                .endpoint(EndpointSpec::new("three", "x")),
        )
        .build()
        .unwrap();
    let ledger = MemoryLedger::new(10);
    let mut chain = ServiceBuilder::new()
        .layer(ChooseLayer::new(Arc::new(catalog)).seed(1))
        .layer(SettleLayer::new(ledger.clone()))
        .service(service_fn(|_: Request<Payload>| never()()));
    // Nobody bounds the answer, and there is no limit to be kept: one of the usual length.
    let tokens = request().body().view().text_bytes().div_ceil(4);
    let worst = i128::from(tokens) * MICRO / 10 + 400 * 50 * MICRO;
    let first = chain.ready().await.unwrap().call(request());
    let second = chain.ready().await.unwrap().call(request());
    assert_eq!(ledger.totals().held, 2 * worst);
    drop(first);
    assert_eq!(ledger.totals().held, worst);
    drop(second);
    assert_eq!(ledger.totals().held, 0);
}

// === Cost, certainty, charge ===

/// The table of the module's docs, row by row, and what it leaves unsaid. Prices are 1 and 2 USD for
/// a million tokens, the prompt is 34 bytes, so nine tokens by estimate.
#[tokio::test(start_paused = true)]
async fn every_end_has_its_cost_and_its_charge() {
    use Certainty::{Estimated, Exact};
    const PROMPT: i64 = 9;
    assert_eq!(
        request().body().view().prompt_bytes().div_ceil(4) as i64,
        PROMPT
    );
    let rows: Vec<(&str, Script, bool, Caller, Certainty, i64, bool)> = vec![
        (
            "complete, with usage",
            whole(ANSWER),
            false,
            Caller::Reads,
            Exact,
            120,
            true,
        ),
        (
            "cancelled, with a running total",
            sse(&[HI_WITH_USAGE], Then::Hang),
            true,
            Caller::Leaves(1),
            Estimated,
            120,
            true,
        ),
        (
            "cancelled, long after a running total",
            sse(&[HI_WITH_USAGE, HI, HI, LONG, HI], Then::Hang),
            true,
            Caller::Leaves(4),
            Estimated,
            // Of 44 bytes in three events.
            120 + 11 * 2,
            true,
        ),
        (
            "complete, without usage",
            sse(&[HI, HI, STOP, DONE], Then::End),
            true,
            Caller::Reads,
            Estimated,
            PROMPT + 2 * 2,
            true,
        ),
        (
            "complete, long content without usage",
            sse(&[LONG, STOP, DONE], Then::End),
            true,
            Caller::Reads,
            Estimated,
            // Forty bytes in one event are ten tokens.
            PROMPT + 10 * 2,
            true,
        ),
        (
            "cancelled after the headers",
            sse(&[], Then::Hang),
            true,
            Caller::Leaves(0),
            Estimated,
            PROMPT,
            true,
        ),
        (
            "cancelled in the middle",
            sse(&[HI, HI, HI], Then::Hang),
            true,
            Caller::Leaves(2),
            Estimated,
            PROMPT + 2 * 2,
            true,
        ),
        (
            "cancelled before the headers",
            never(),
            true,
            Caller::Leaves(0),
            Estimated,
            PROMPT,
            true,
        ),
        (
            // A document sends its headers when it is done: nearly all who leave it leave here. It is written to its end.
            "cancelled before the headers of a document",
            never(),
            false,
            Caller::Leaves(0),
            Estimated,
            PROMPT + 4096 * 2,
            true,
        ),
        (
            "refused with a status",
            status(503, "{}"),
            false,
            Caller::Reads,
            Exact,
            0,
            false,
        ),
        (
            "never connected",
            broken(io::ErrorKind::ConnectionRefused),
            false,
            Caller::Reads,
            Exact,
            0,
            false,
        ),
        (
            "broken before the headers",
            broken(io::ErrorKind::ConnectionReset),
            false,
            Caller::Reads,
            Estimated,
            0,
            false,
        ),
        (
            "broken after the headers",
            sse(&[HI, HI], Then::Break),
            true,
            Caller::Reads,
            Estimated,
            PROMPT + 2 * 2,
            false,
        ),
        (
            "an end before the finish reason",
            sse(&[HI], Then::End),
            true,
            Caller::Reads,
            Estimated,
            PROMPT + 2,
            false,
        ),
        (
            "an error inside a 200",
            sse(
                &[HI_WITH_USAGE, r#"{"error":{"message":"x","code":500}}"#],
                Then::End,
            ),
            true,
            Caller::Reads,
            Exact,
            120,
            false,
        ),
        (
            "a finish reason that says error",
            sse(
                &[
                    HI,
                    r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#,
                ],
                Then::End,
            ),
            true,
            Caller::Reads,
            Estimated,
            PROMPT + 2,
            false,
        ),
        (
            "no tokens and no finish reason",
            whole(
                r#"{"choices":[{"index":0,"message":{"content":""},"finish_reason":null}],
                 "usage":{"prompt_tokens":100,"completion_tokens":0}}"#,
            ),
            false,
            Caller::Reads,
            Exact,
            100,
            false,
        ),
        (
            "no tokens but a finish reason",
            whole(
                r#"{"choices":[{"index":0,"message":{"content":""},"finish_reason":"stop"}],
                 "usage":{"prompt_tokens":100,"completion_tokens":0}}"#,
            ),
            false,
            Caller::Reads,
            Exact,
            100,
            true,
        ),
    ];
    for (name, answer, streamed, caller, certainty, micros, charged) in rows {
        let (ledger, chain) = chain(KNOWN, answer);
        caller.does_with(chain, asking(streamed)).await;
        let record = the_record(&ledger);
        let [attempt] = &record.attempts[..] else {
            panic!("{name}: {record:?}")
        };
        let amount = Some(Money::from_picodollars(micros * 1_000_000));
        assert_eq!(attempt.cost.certainty, certainty, "{name}");
        assert_eq!(attempt.cost.amount, amount, "{name}");
        let charge = if charged { amount } else { Some(Money::ZERO) };
        assert_eq!(record.charge, charge, "{name}");
        let totals = ledger.totals();
        let (exact, estimated) = match certainty {
            Exact => (i128::from(micros) * MICRO, 0),
            _ => (0, i128::from(micros) * MICRO),
        };
        assert_eq!(
            (totals.cost_exact, totals.cost_estimated, totals.held),
            (exact, estimated, 0),
            "{name}"
        );
    }
}

/// A claim counts tools and pictures, and the estimate of what came of it forgot them: whoever left after the finish reason
/// had them for nothing, and the most that it may have cost was less than it did.
#[tokio::test(start_paused = true)]
async fn what_a_claim_counts_of_the_prompt_an_estimate_does() {
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": {}}}]);
    let picture = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let bare =
        json!({"model": "a/x", "stream": true, "messages": [{"role": "user", "content": []}]});
    let mut with_tools = bare.clone();
    with_tools["tools"] = tools.clone();
    let mut with_pictures = bare.clone();
    with_pictures["messages"][0]["content"] = json!([picture, picture]);
    let data = 2 * picture["image_url"].to_string().len();
    let bytes = |of: &Value| of.to_string().len();
    let cached: &[(Rate, &str)] = &[
        (Rate::Prompt, "1"),
        (Rate::CacheWrite, "3"),
        (Rate::Completion, "2"),
    ];
    for (name, body, bytes, parts) in [
        ("nothing more", &bare, bytes(&bare["messages"]), 0),
        (
            "with tools",
            &with_tools,
            bytes(&bare["messages"]) + bytes(&tools),
            0,
        ),
        (
            "with pictures",
            &with_pictures,
            bytes(&with_pictures["messages"]) - data,
            2000,
        ),
    ] {
        let (ledger, chain) = chain(cached, sse(&[HI, STOP], Then::Hang));
        let request = Request::new(Payload::read(body.to_string()).unwrap());
        Caller::Leaves(2).does_with(chain, request).await;
        let record = the_record(&ledger);
        let cost = record.attempts[0].cost;
        let micros = |tokens: usize| Some(Money::from_picodollars(tokens as i64 * 1_000_000));
        let likely = bytes.div_ceil(4) + parts + 2;
        assert_eq!(cost.certainty, Certainty::Estimated, "{name}");
        assert_eq!(
            cost.amount,
            micros(likely),
            "left after the finish reason, {name}"
        );
        assert_eq!(record.charge, cost.amount, "{name}");
        // Nobody knows whether it was written to a cache, nor how long the answer has become.
        let most = 3 * (bytes.div_ceil(2) + parts) + 2 * 4096;
        assert_eq!(cost.at_most, micros(most), "{name}");
    }
}

/// Where nobody answered, the fee of a request was written down as its cost, though nobody bills it.
#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_answered_costs_no_fee() {
    let fee: &[(Rate, &str)] = &[
        (Rate::Prompt, "1"),
        (Rate::Completion, "2"),
        (Rate::Request, "10000"),
    ];
    for answer in [
        broken(io::ErrorKind::ConnectionReset),
        broken(io::ErrorKind::ConnectionRefused),
        status(503, "{}"),
    ] {
        let (ledger, chain) = chain(fee, answer);
        Caller::Leaves(0).does(chain).await;
        assert_eq!(
            the_record(&ledger).attempts[0].cost.amount,
            Some(Money::ZERO)
        );
    }
    let (ledger, chain) = chain(fee, whole(ANSWER));
    Caller::Reads.does(chain).await;
    let cents = Money::from_picodollars(120 * 1_000_000 + 10_000_000_000);
    assert_eq!(the_record(&ledger).charge, Some(cents));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_price_is_unknown_and_never_zero() {
    let half: &[(Rate, &str)] = &[(Rate::Prompt, "1")];
    for listed in [&[], half] {
        let (ledger, chain) = chain(listed, whole(ANSWER));
        Caller::Reads.does(chain).await;
        let record = the_record(&ledger);
        assert_eq!(record.attempts[0].cost.certainty, Certainty::Unknown);
        assert_eq!(record.attempts[0].cost.amount, None);
        assert_eq!(record.charge, None);
        let expected = Totals {
            records: 1,
            charge_unknown: 1,
            cost_unknown: 1,
            ..Totals::default()
        };
        assert_eq!(ledger.totals(), expected);
    }
    // What is known to be nothing is nothing, whatever the price.
    for answer in [
        status(503, "{}"),
        broken(io::ErrorKind::ConnectionRefused),
        broken(io::ErrorKind::ConnectionReset),
    ] {
        let (ledger, chain) = chain(&[], answer);
        Caller::Reads.does(chain).await;
        let record = the_record(&ledger);
        assert_eq!(record.attempts[0].cost.amount, Some(Money::ZERO));
        assert_eq!(record.charge, Some(Money::ZERO));
    }
    // An error is not charged, though nobody knows what it cost.
    let (ledger, chain) = chain(&[], sse(&[HI], Then::Break));
    Caller::Reads.does(chain).await;
    let record = the_record(&ledger);
    assert_eq!(record.attempts[0].cost.certainty, Certainty::Unknown);
    assert_eq!(record.charge, Some(Money::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_class_that_was_not_used_needs_no_price() {
    let (ledger, chain) = chain(
        &[(Rate::Prompt, "1")],
        whole(
            r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":100,"completion_tokens":0}}"#,
        ),
    );
    Caller::Reads.does(chain).await;
    let hundred = Money::from_picodollars(100_000_000);
    assert_eq!(the_record(&ledger).charge, Some(hundred));
}

/// Lessons A1: every streamed call of one adapter was booked at nothing.
#[tokio::test(start_paused = true)]
async fn the_same_usage_costs_the_same_streamed_or_whole() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..40 {
        let (prompt, completion) = (random.u32(0..1 << 20), random.u32(1..1 << 20));
        let usage = json!({
            "prompt_tokens": prompt, "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": random.u32(0..=prompt)},
            "completion_tokens_details": {"reasoning_tokens": random.u32(0..=completion)},
        });
        let mut charges = Vec::new();
        let choice = json!({"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"});
        let json = json!({"choices": [choice], "usage": usage}).to_string();
        let apart = json!({"choices": [], "usage": usage}).to_string();
        let finish = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
        let mut joined = finish.clone();
        joined["usage"] = usage.clone();
        for answer in [
            whole(&json),
            sse(&[HI, &finish.to_string(), &apart, DONE], Then::End),
            sse(&[HI, &joined.to_string(), DONE], Then::End),
        ] {
            let (ledger, chain) = chain(CACHED, answer);
            Caller::Reads.does(chain).await;
            let record = the_record(&ledger);
            assert_eq!(record.attempts[0].cost.certainty, Certainty::Exact);
            charges.push(record.charge.unwrap());
        }
        assert_eq!(charges[0], charges[1]);
        assert_eq!(charges[0], charges[2]);
        assert!(!charges[0].is_zero());
    }
}

#[tokio::test(start_paused = true)]
async fn a_charge_is_rounded_once_half_to_even() {
    // 0.0000005 picodollars a token, so 1, 3 and 5 of them make a half each.
    for (tokens, picodollars) in [(1, 0), (3, 2), (5, 2), (6, 3)] {
        let answer = json!({
            "choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 0, "completion_tokens": tokens},
        });
        let listed: &[(Rate, &str)] = &[(Rate::Completion, "0.0000005")];
        let (ledger, chain) = chain(listed, whole(&answer.to_string()));
        Caller::Reads.does(chain).await;
        let charge = Money::from_picodollars(picodollars);
        assert_eq!(the_record(&ledger).charge, Some(charge), "{tokens}");
    }
}

// === Golden cases: what others billed wrongly ===

/// BerriAI/litellm#14849: billed at 0.7642 USD, because cached tokens are inside `prompt_tokens`.
#[test]
fn cached_tokens_of_gemini_are_billed_once() {
    let cost = golden(
        json!({
            "prompt_tokens": 262_960, "completion_tokens": 1744, "total_tokens": 264_704,
            "prompt_tokens_details": {"text_tokens": 262_960, "cached_tokens": 257_955},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }),
        &[
            (Rate::Prompt, "1.25"),
            (Rate::CacheRead, "0.625"),
            (Rate::Completion, "10"),
        ],
    );
    assert_eq!(cost, "0.184918125");
}

/// The same request at prices that rise with the prompt, so that those of a long one hold.
#[test]
fn a_long_prompt_is_billed_at_the_prices_of_long_ones() {
    let long = Override::new()
        .above(200_000)
        .with(Rate::Prompt, Price::per_million("2.50").unwrap())
        .with(Rate::CacheRead, Price::per_million("0.25").unwrap())
        .with(Rate::Completion, Price::per_million("15").unwrap());
    let prices = prices(&[
        (Rate::Prompt, "1.25"),
        (Rate::CacheRead, "0.125"),
        (Rate::Completion, "10"),
    ])
    .with_override(long);
    let usage = Usage {
        input: 262_960 - 257_955,
        cache_read: 257_955,
        output: 1744,
        ..Usage::default()
    };
    let prices = prices.at(usage.prompt_tokens(), SystemTime::UNIX_EPOCH);
    let cost = cost_of(&prices, &usage).unwrap().round();
    assert_eq!(cost.to_string(), "0.10316125");
}

/// BerriAI/litellm#9812: billed at 0.091311 USD; Anthropic's own console said 0.05439.
#[test]
fn written_cache_of_anthropic_is_billed_once() {
    let cost = golden(
        json!({
            "input_tokens": 3, "cache_creation_input_tokens": 12_304,
            "cache_read_input_tokens": 0, "output_tokens": 550,
        }),
        &[
            (Rate::Prompt, "3"),
            (Rate::CacheWrite, "3.75"),
            (Rate::CacheRead, "0.30"),
            (Rate::Completion, "15"),
        ],
    );
    assert_eq!(cost, "0.054399");
}

/// DashScope names what it writes to the cache as Anthropic does, but among the details of the prompt, and it was billed as
/// any other input.
#[test]
fn written_cache_of_dashscope_is_a_part_of_the_prompt() {
    let cost = golden(
        json!({
            "prompt_tokens": 1300, "completion_tokens": 10, "total_tokens": 1310,
            "prompt_tokens_details": {
                "cached_tokens": 0, "cache_creation_input_tokens": 1225,
                "cache_creation": {"ephemeral_5m_input_tokens": 1225},
            },
        }),
        &[
            (Rate::Prompt, "1"),
            (Rate::CacheWrite, "1.25"),
            (Rate::CacheRead, "0.1"),
            (Rate::Completion, "2"),
        ],
    );
    // 75 · 1 + 1225 · 1.25 + 10 · 2 millionths.
    assert_eq!(cost, "0.00162625");
}

/// BerriAI/litellm#31714: the price of cached tokens was listed, and not used.
#[test]
fn cached_tokens_of_fireworks_have_their_price() {
    let cost = golden(
        json!({
            "prompt_tokens": 27_147, "completion_tokens": 351,
            "prompt_tokens_details": {"cached_tokens": 27_146},
        }),
        &[
            (Rate::Prompt, "1.4"),
            (Rate::CacheRead, "0.26"),
            (Rate::Completion, "4.4"),
        ],
    );
    assert_eq!(cost, "0.00860376");
}

/// Aider-AI/aider#5516: cached tokens were billed again on top of `prompt_tokens`. The numbers are of
/// OpenAI's own example.
#[test]
fn cached_tokens_of_openai_are_inside_the_prompt() {
    let usage = json!({
        "prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
        "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 120, "audio_tokens": 0},
    });
    let read = read_usage(usage.to_string().as_bytes()).unwrap();
    assert_eq!((read.input, read.cache_read), (86, 1920));
    assert_eq!((read.output, read.reasoning), (180, 120));
    assert_eq!(read.total_tokens(), 2306);
    let prices: &[(Rate, &str)] = &[
        (Rate::Prompt, "2.50"),
        (Rate::CacheRead, "1.25"),
        (Rate::Completion, "10"),
    ];
    assert_eq!(golden(usage, prices), "0.005615");
}

/// BerriAI/litellm#36168: the usage of a last chunk was lost because its `choices` were not empty.
#[tokio::test(start_paused = true)]
async fn usage_counts_on_any_chunk() {
    let last = r#"{"choices":[{"index":0,"finish_reason":"length","delta":{"role":"assistant","content":""}}],
        "usage":{"prompt_tokens":2612,"completion_tokens":8,"total_tokens":2620,
        "prompt_tokens_details":{"cached_tokens":2560},"completion_tokens_details":{"reasoning_tokens":7}}}"#
        .replace('\n', "");
    // A running report on every chunk: the last one counts.
    let early = r#"{"choices":[{"index":0,"delta":{"content":"hi"}}],"usage":{"prompt_tokens":2612,"completion_tokens":1}}"#;
    let (ledger, chain) = chain(CACHED, sse(&[early, &last, DONE], Then::End));
    Caller::Reads.does(chain).await;
    let record = the_record(&ledger);
    assert_eq!(record.finish, Some(Finish::Length));
    let usage = Usage {
        input: 52,
        cache_read: 2560,
        output: 1,
        reasoning: 7,
        ..Usage::default()
    };
    assert_eq!(record.usage, usage);
    // 52 · 1 + 2560 · 0.1 + 8 · 2 = 324 millionths.
    let charge = Money::from_picodollars(324_000_000);
    assert_eq!(record.charge, Some(charge));
}

#[test]
fn both_lives_of_a_cache_have_their_price() {
    let cost = golden(
        json!({
            "input_tokens": 10, "cache_creation_input_tokens": 1000, "output_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
        }),
        &[
            (Rate::Prompt, "3"),
            (Rate::CacheWrite, "3.75"),
            (Rate::CacheWrite1h, "6"),
            (Rate::Completion, "15"),
        ],
    );
    // 10 · 3 + 400 · 3.75 + 600 · 6 = 5130 millionths.
    assert_eq!(cost, "0.00513");
}

/// Some count what is inside of the prompt as OpenAI does, and tell the lives of what they cached as Anthropic does.
#[test]
fn an_hour_in_the_cache_has_its_price_whoever_spells_it() {
    let cost = golden(
        json!({
            "prompt_tokens": 1010, "cache_creation_input_tokens": 1000, "completion_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
        }),
        &[
            (Rate::Prompt, "3"),
            (Rate::CacheWrite, "3.75"),
            (Rate::CacheWrite1h, "6"),
            (Rate::Completion, "15"),
        ],
    );
    assert_eq!(cost, "0.00513");
}

/// Audio that came from the cache is inside of both parts. Those who do not say how much of it did, say so at least where the
/// two are more than the whole.
#[test]
fn cached_audio_has_a_price_of_its_own() {
    let listed = &[
        (Rate::Prompt, "4"),
        (Rate::CacheRead, "0.5"),
        (Rate::Audio, "32"),
        (Rate::AudioCacheRead, "0.4"),
        (Rate::Completion, "16"),
    ];
    let usage = |cached: Value| json!({"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": cached});
    let told = json!({
        "cached_tokens": 60, "audio_tokens": 50,
        "cached_tokens_details": {"text_tokens": 20, "audio_tokens": 40},
    });
    // 30 · 4 + 20 · 0.5 + 10 · 32 + 40 · 0.4 millionths.
    assert_eq!(golden(usage(told), listed), "0.000466");
    let crowded = json!({"cached_tokens": 80, "audio_tokens": 50});
    // 50 · 0.5 + 20 · 32 + 30 · 0.4: at least thirty are both.
    assert_eq!(golden(usage(crowded), listed), "0.000677");
    let room = json!({"cached_tokens": 50, "audio_tokens": 50});
    // 50 · 0.5 + 50 · 32.
    assert_eq!(golden(usage(room), listed), "0.001625");
}

/// Where only audio has a price, cached audio was billed as text: at an eighth of what it costs.
#[test]
fn cached_audio_costs_what_audio_does_where_no_cache_has_a_price() {
    let usage = Usage {
        audio_cache_read: 10,
        ..Usage::default()
    };
    let mut listed = vec![(Rate::Prompt, "4"), (Rate::Audio, "32")];
    let cost = |listed: &[_]| cost_of(&prices(listed), &usage).unwrap().to_string();
    assert_eq!(cost(&listed), "0.00032");
    listed.push((Rate::CacheRead, "0.5"));
    assert_eq!(cost(&listed), "0.000005");
}

/// OpenAI spells the usage of images and of its newer API otherwise: cached tokens are inside of `input_tokens` there.
#[test]
fn cached_tokens_inside_of_input_tokens_are_billed_once() {
    let usage = json!({
        "input_tokens": 2006, "output_tokens": 300, "total_tokens": 2306,
        "input_tokens_details": {"cached_tokens": 1920},
        "output_tokens_details": {"reasoning_tokens": 120},
    });
    let read = read_usage(usage.to_string().as_bytes()).unwrap();
    assert_eq!((read.input, read.cache_read), (86, 1920));
    assert_eq!((read.output, read.reasoning), (180, 120));
    let moonshot = json!({"prompt_tokens": 100, "completion_tokens": 5, "cached_tokens": 40});
    let read = read_usage(moonshot.to_string().as_bytes()).unwrap();
    assert_eq!((read.input, read.cache_read), (60, 40));
}

/// Gemini asks twelve times as much for a token of an image as for one of text, and reports them within the completion.
#[test]
fn tokens_of_images_have_their_price() {
    let usage = json!({
        "prompt_tokens": 300, "completion_tokens": 1300, "total_tokens": 1600,
        "prompt_tokens_details": {"image_tokens": 258},
        "completion_tokens_details": {"image_tokens": 1290},
    });
    let read = read_usage(usage.to_string().as_bytes()).unwrap();
    assert_eq!((read.input, read.image_input), (42, 258));
    assert_eq!((read.output, read.image_output), (10, 1290));
    assert_eq!(read.total_tokens(), 1600);
    let own: &[(Rate, &str)] = &[
        (Rate::Prompt, "0.3"),
        (Rate::Completion, "2.5"),
        (Rate::Image, "0.6"),
        (Rate::ImageOutput, "30"),
    ];
    // 42 · 0.3 + 258 · 0.6 + 10 · 2.5 + 1290 · 30 = 38892.4 millionths.
    assert_eq!(golden(usage.clone(), own), "0.0388924");
    // 300 · 0.3 + 1300 · 2.5 = 3340 millionths: without a price of its own it is a token like any other.
    assert_eq!(golden(usage, &own[..2]), "0.00334");
}

// === The ledger ===

#[tokio::test(start_paused = true)]
async fn evicted_records_stay_in_the_totals() {
    let ledger = MemoryLedger::new(2);
    let chain = chain_into(ledger.clone(), KNOWN, whole(ANSWER));
    let mut ids = Vec::new();
    for _ in 0..5 {
        Caller::Reads.does(chain.clone()).await;
        ids.push(ledger.records().last().unwrap().id);
    }
    let kept: Vec<_> = ledger.records().iter().map(|record| record.id).collect();
    assert_eq!(kept, ids[3..]);
    assert!(ledger.get(ids[0].as_str()).is_none());
    assert!(ledger.get(ids[4].as_str()).is_some());
    let totals = ledger.totals();
    assert_eq!(totals.records, 5);
    assert_eq!(totals.charged, 5 * 120 * MICRO);
    assert_eq!(totals.cost_exact, 5 * 120 * MICRO);
}

#[tokio::test(start_paused = true)]
async fn a_full_ledger_is_back_pressure() {
    let desk = Desk::new(1);
    let mut chain = chain_into(desk.clone(), KNOWN, whole(ANSWER));
    let first = chain.ready().await.unwrap().call(request()).await.unwrap();

    let mut cx = Context::from_waker(Waker::noop());
    assert!(chain.poll_ready(&mut cx).is_pending());
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { chain.ready().await.map(|_| ()) });
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(waiting.try_join_next().is_none());

    first.into_body().collect().await.unwrap();
    waiting.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(desk.0.lock().unwrap().written.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_clone_carries_no_slot() {
    let desk = Desk::new(1);
    let mut chain = chain_into(desk.clone(), KNOWN, whole(ANSWER));
    chain.ready().await.unwrap();
    let mut clone = chain.clone();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(clone.poll_ready(&mut cx).is_pending());
    // The original has its slot still, and does not ask for a second one.
    assert!(chain.poll_ready(&mut cx).is_ready());
    drop(chain);
    assert!(
        clone.poll_ready(&mut cx).is_ready(),
        "an unused slot is given back"
    );
    assert_eq!(desk.0.lock().unwrap().written.len(), 0);
}

#[tokio::test(start_paused = true)]
#[should_panic = "`poll_ready` is called before `call`"]
async fn calling_a_clone_that_is_not_ready_panics() {
    let settle =
        SettleLayer::new(MemoryLedger::new(10)).layer(service_fn(|_: Request<Payload>| async {
            Ok::<_, BoxError>(Response::new(Empty::<Bytes>::new()))
        }));
    let mut ready = settle.clone();
    ready.ready().await.unwrap();
    drop(ready.clone().call(request()));
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_fails_lets_nobody_in() {
    let desk = Desk::new(1);
    desk.0.lock().unwrap().closed = true;
    let mut chain = chain_into(desk, KNOWN, whole(ANSWER));
    let error = chain.ready().await.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), Kind::LedgerAway);
    assert!(std::error::Error::source(&error).is_some());
    assert!(!error.to_string().contains("on fire"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_record_holds_no_prompt_no_answer_and_no_key() {
    let (ledger, chain) = chain(KNOWN, whole(&ANSWER.replace("hi", "s3cret answer")));
    let body = r#"{"model":"a/x","messages":[{"role":"user","content":"s3cret prompt"}]}"#;
    let mut asked = Request::new(Payload::read(body).unwrap());
    for (name, value) in [
        ("authorization", "Bearer s3cret"),
        ("cookie", "s3cret"),
        ("x-title", "My App"),
        ("http-referer", "https://app.test"),
    ] {
        asked.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = chain.oneshot(asked).await.unwrap();
    response.into_body().collect().await.unwrap();
    let record = the_record(&ledger);
    assert!(!format!("{record:?}").contains("s3cret"), "{record:?}");
    assert_eq!(record.app.title.as_deref(), Some("My App"));
    assert_eq!(record.app.referer.as_deref(), Some("https://app.test"));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_at_once_are_a_thousand_records() {
    let (ledger, chain) = chain(KNOWN, sse(&[HI, STOP, DONE], Then::End));
    let mut tasks = JoinSet::new();
    for n in 0..1000 {
        let chain = chain.clone();
        tasks.spawn(async move {
            match n % 3 {
                0 => Caller::Reads,
                1 => Caller::Leaves(1),
                _ => Caller::Leaves(0),
            }
            .does(chain)
            .await;
        });
    }
    tasks.join_all().await;
    let totals = ledger.totals();
    assert_eq!((totals.records, totals.held), (1000, 0));
    let mut ends = BTreeMap::new();
    for record in ledger.records() {
        *ends.entry(record.end.as_str()).or_insert(0) += 1;
    }
    assert_eq!(
        ends,
        BTreeMap::from([("cancelled", 666), ("complete", 334)])
    );
}

// === Helpers ===

/// A millionth of a dollar, in picodollars.
const MICRO: i128 = 1_000_000;

const KNOWN: &[(Rate, &str)] = &[(Rate::Prompt, "1"), (Rate::Completion, "2")];
const CACHED: &[(Rate, &str)] = &[
    (Rate::Prompt, "1"),
    (Rate::CacheRead, "0.1"),
    (Rate::Completion, "2"),
];

const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110}}"#;
const HI: &str = r#"{"choices":[{"index":0,"delta":{"content":"hi"}}]}"#;
const HI_WITH_USAGE: &str = r#"{"choices":[{"index":0,"delta":{"content":"hi"}}],"usage":{"prompt_tokens":100,"completion_tokens":10}}"#;
const LONG: &str =
    r#"{"choices":[{"index":0,"delta":{"content":"0123456789012345678901234567890123456789"}}]}"#;
const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const DONE: &str = "[DONE]";

type Answer = Response<UnsyncBoxBody<Bytes, io::Error>>;
type Script = Arc<dyn Fn() -> BoxFuture<'static, Result<Answer, io::Error>> + Send + Sync>;
type Inner = BoxCloneService<Request<Payload>, Answer, io::Error>;
type Chain<L> =
    switchtower::choose::Choose<switchtower::settle::Settle<switchtower::meter::Meter<Inner>, L>>;

/// What follows the events of a script?
#[derive(Clone, Copy)]
enum Then {
    End,
    Break,
    Hang,
}

/// What does the caller do?
enum Caller {
    Reads,
    /// Goes after so many frames.
    Leaves(usize),
}

impl Caller {
    async fn does<L>(self, chain: Chain<L>)
    where
        L: Ledger + Clone,
        L::Slot: Unpin,
    {
        self.does_with(chain, request()).await;
    }

    async fn does_with<L>(self, chain: Chain<L>, request: Request<Payload>)
    where
        L: Ledger + Clone,
        L::Slot: Unpin,
    {
        let asked = tokio::time::timeout(Duration::from_secs(5), chain.oneshot(request)).await;
        let Ok(Ok(response)) = asked else { return };
        match self {
            Caller::Reads => drop(response.into_body().collect().await),
            Caller::Leaves(frames) => {
                let mut body = pin!(response.into_body());
                for _ in 0..frames {
                    body.frame().await.unwrap().unwrap();
                }
            }
        }
    }
}

fn request() -> Request<Payload> {
    let body = r#"{"model":"a/x","messages":[{"role":"user","content":"hey"}]}"#;
    Request::new(Payload::read(body).unwrap())
}

fn asking(streamed: bool) -> Request<Payload> {
    let messages = json!([{"role": "user", "content": "hey"}]);
    let body = json!({"model": "a/x", "stream": streamed, "messages": messages});
    Request::new(Payload::read(body.to_string()).unwrap())
}

fn chain(listed: &[(Rate, &str)], answer: Script) -> (MemoryLedger, Chain<MemoryLedger>) {
    let ledger = MemoryLedger::default();
    (ledger.clone(), chain_into(ledger, listed, answer))
}

fn chain_into<L: Ledger + Clone>(ledger: L, listed: &[(Rate, &str)], answer: Script) -> Chain<L> {
    let inner = service_fn(move |_: Request<Payload>| answer());
    ServiceBuilder::new()
        .layer(ChooseLayer::new(Arc::new(catalog(listed))).seed(1))
        .layer(SettleLayer::new(ledger))
        .layer(MeterLayer::new())
        .service(BoxCloneService::new(inner))
}

fn catalog(listed: &[(Rate, &str)]) -> Catalog {
    let one = Provider::new("one", "http://one.test/v1".parse().unwrap()).with_name("One");
    Catalog::builder()
        .provider(one)
        .model(
            ModelSpec::new("a/x")
                .endpoint(EndpointSpec::new("one", "x").with_prices(prices(listed))),
        )
        .build()
        .unwrap()
}

fn prices(listed: &[(Rate, &str)]) -> Prices {
    listed
        .iter()
        .fold(Prices::unknown(), |prices, (rate, text)| {
            prices.with(*rate, Price::per_million(text).unwrap())
        })
}

fn golden(usage: Value, listed: &[(Rate, &str)]) -> String {
    let usage = read_usage(usage.to_string().as_bytes()).unwrap();
    cost_of(&prices(listed), &usage)
        .unwrap()
        .round()
        .to_string()
}

fn the_record(ledger: &MemoryLedger) -> Record {
    let records = ledger.records();
    assert_eq!(ledger.totals().records, 1, "{records:?}");
    assert_eq!(ledger.totals().held, 0);
    records[0].clone()
}

fn whole(json: &str) -> Script {
    status(200, json)
}

fn status(status: u16, json: &str) -> Script {
    let json = Bytes::copy_from_slice(json.as_bytes());
    Arc::new(move || {
        let body = Full::new(json.clone()).map_err(|never| match never {});
        let response = Response::builder().status(status);
        let response = response.header("content-type", "application/json");
        let response = response.body(body.boxed_unsync()).unwrap();
        async { Ok(response) }.boxed()
    })
}

fn sse(events: &[&str], then: Then) -> Script {
    let events: Vec<_> = events.iter().map(|data| event(data)).collect();
    Arc::new(move || {
        let events = events.clone().into_iter();
        let events = stream::iter(events.map(|event| Ok(Frame::data(Bytes::from(event)))));
        let rest = match then {
            Then::End => stream::empty().boxed(),
            Then::Break => {
                let error = io::Error::from(io::ErrorKind::ConnectionReset);
                stream::iter([Err(error)]).boxed()
            }
            Then::Hang => stream::pending().boxed(),
        };
        let body = StreamBody::new(events.chain(rest)).boxed_unsync();
        let response = Response::builder().header("content-type", "text/event-stream");
        let response = response.body(body).unwrap();
        async { Ok(response) }.boxed()
    })
}

fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

fn broken(kind: io::ErrorKind) -> Script {
    Arc::new(move || async move { Err(io::Error::from(kind)) }.boxed())
}

fn never() -> Script {
    Arc::new(|| pending().boxed())
}

/// A ledger with so many places, that notes what happens.
#[derive(Clone)]
struct Desk(Arc<Mutex<DeskState>>);

#[derive(Default)]
struct DeskState {
    free: usize,
    closed: bool,
    waiting: Vec<Waker>,
    written: Vec<Record>,
    log: Vec<&'static str>,
}

struct Place(Desk);

struct Dropped(Desk);

impl Desk {
    fn new(free: usize) -> Self {
        Self(Arc::new(Mutex::new(DeskState {
            free,
            ..DeskState::default()
        })))
    }
}

impl Ledger for Desk {
    type Slot = Place;

    fn poll_slot(&mut self, cx: &mut Context<'_>) -> Poll<Result<Place, BoxError>> {
        let mut state = self.0.lock().unwrap();
        if state.closed {
            return Poll::Ready(Err("the disk is on fire".into()));
        }
        if state.free == 0 {
            state.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        state.free -= 1;
        Poll::Ready(Ok(Place(self.clone())))
    }
}

impl Slot for Place {
    fn hold(&mut self, claim: &Claim) -> Result<Held, Error> {
        assert!(!claim.amount.is_zero());
        self.0.0.lock().unwrap().log.push("held");
        Ok(Held::Now)
    }

    fn write(&mut self, record: Record) {
        let mut state = self.0.0.lock().unwrap();
        state.log.push("written");
        state.written.push(record);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap();
        state.log.push("place given back");
        state.free += 1;
        for waker in state.waiting.drain(..) {
            waker.wake();
        }
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().log.push("upstream dropped");
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}
