//! Which prices a request is charged at, when they depend on something or are replaced under it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::json;
use switchtower::catalog::Catalog;
use switchtower::choose::ChooseLayer;
use switchtower::meter::MeterLayer;
use switchtower::settle::{Certainty, MemoryLedger, SettleLayer};
use switchtower::standing::Roster;
use switchtower::{Call, Money, Payload};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// Prices of 1 and 2 USD for a million tokens.
const PLAIN: &str = "prompt = '1', completion = '2'";

#[tokio::test(start_paused = true)]
async fn a_running_stream_is_charged_at_the_prices_with_which_it_began() {
    let roster = Roster::from(catalog(PLAIN));
    let ledger = MemoryLedger::default();
    let (events, received) = mpsc::unbounded_channel::<&'static str>();
    let received = Arc::new(std::sync::Mutex::new(Some(received)));
    let client = service_fn(move |_: Request<Payload>| {
        let mut received = received.lock().unwrap().take().expect("asked once");
        let events = stream::poll_fn(move |cx| received.poll_recv(cx));
        let frames = events.map(|data| {
            let event = format!("data: {data}\n\n");
            Ok::<_, Infallible>(Frame::data(Bytes::from(event)))
        });
        let response = Response::builder().header("content-type", "text/event-stream");
        let response = response.body(StreamBody::new(frames)).unwrap();
        async { Ok::<_, Infallible>(response) }
    });
    let chain = ServiceBuilder::new()
        .layer(ChooseLayer::new(roster.clone()).seed(1))
        .layer(SettleLayer::new(ledger.clone()))
        .layer(MeterLayer::new())
        .service(client);

    events
        .send(r#"{"choices":[{"index":0,"delta":{"content":"hi"}}]}"#)
        .unwrap();
    let response = chain.oneshot(request("hi")).await.unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();

    let dearer = catalog("prompt = '100', completion = '200'");
    roster.swap(dearer, Instant::now().into_std());
    let now = roster.lineup();
    let prices = now.catalog().models()[0].endpoints()[0].prices();
    assert_eq!(prices.prompt().unwrap().to_string(), "0.0001", "in force");

    events
        .send(
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":10}}"#,
        )
        .unwrap();
    events.send("[DONE]").unwrap();
    drop(events);
    while let Some(frame) = body.frame().await {
        frame.unwrap();
    }
    let record = &ledger.records()[0];
    // 100 · 1 + 10 · 2 millionths.
    assert_eq!(record.charge, Some(Money::from_picodollars(120_000_000)));
    assert_eq!(record.attempts[0].cost.certainty, Certainty::Exact);
}

/// The tokens that the provider reports decide, cached ones too, not those that were estimated.
#[tokio::test(start_paused = true)]
async fn the_length_of_the_prompt_is_what_was_reported() {
    let prices = "prompt = '1', completion = '2', overrides = [{ above = 100, prompt = '3', completion = '4' }]";
    for (prompt, cached, millionths) in [(100, 0, 120), (101, 0, 343), (101, 100, 343)] {
        let usage = json!({
            "prompt_tokens": prompt, "completion_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": cached},
        });
        let charge = charge(prices, usage, "hi", SystemTime::UNIX_EPOCH, Duration::ZERO).await;
        assert_eq!(charge, micro(millionths), "{prompt} of which {cached}");
    }
}

/// A request that waits, or is tried again, is asked at another hour than it came.
#[tokio::test(start_paused = true)]
async fn the_hour_is_that_at_which_the_provider_was_asked() {
    let prices = "prompt = '1', completion = '2', \
                  overrides = [{ utc = '00:30-01:00', prompt = '5', completion = '7' }]";
    for (minutes, millionths) in [(0, 120), (29, 120), (30, 570), (59, 570), (60, 120)] {
        let wait = Duration::from_secs(minutes * 60);
        let usage = json!({"prompt_tokens": 100, "completion_tokens": 10});
        let charge = charge(prices, usage, "hi", SystemTime::UNIX_EPOCH, wait).await;
        assert_eq!(charge, micro(millionths), "after {minutes} minutes");
    }
}

#[tokio::test(start_paused = true)]
async fn images_and_searches_have_prices_of_their_own() {
    let usage = json!({
        "prompt_tokens": 100, "completion_tokens": 10,
        "server_tool_use": {"web_search_requests": 3},
    });
    let content = json!([
        {"type": "text", "text": "image_url"},
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"image_url": {"type": "image_url"}, "type": "image_\u{75}rl"},
        {"type": "input_audio"},
    ]);
    let epoch = SystemTime::UNIX_EPOCH;
    let charge = async |prices| {
        charge(
            prices,
            usage.clone(),
            content.clone(),
            epoch,
            Duration::ZERO,
        )
        .await
    };
    let listed = "prompt = '1', completion = '2', image = '0.001', web_search = '0.01'";
    assert_eq!(charge(listed).await, micro(120 + 2 * 1000 + 3 * 10_000));
    // Where none has a price of its own, both are paid by their tokens.
    assert_eq!(charge(PLAIN).await, micro(120));
    let rising = "prompt = '1', completion = '2', overrides = [{ above = 99, image = '0.001' }]";
    assert_eq!(charge(rising).await, micro(120 + 2 * 1000));
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_for_the_dearest_hour_the_longest_prompt_and_every_image() {
    let prices = "prompt = '1', completion = '2', overrides = [
        { utc = '22:00-23:00', completion = '50' },
        { above = 1000000, completion = '900' },
        { above = 2, image = '0.001' },
    ]";
    let ledger = MemoryLedger::default();
    let client = service_fn(|_: Request<Payload>| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    });
    let chain = ServiceBuilder::new()
        .layer(ChooseLayer::new(catalog(prices)).seed(1))
        .layer(SettleLayer::new(ledger.clone()))
        .layer(MeterLayer::new())
        .service(client);
    let request = request(json!([{"type": "image_url", "image_url": {"url": "data:,"}}]));
    // A byte a token, but for the name of the model and the picture, and what a message adds.
    let data = r#""a/x"{"url":"data:,"}"#.len();
    let prompt = (request.body().bytes().len() - data + 16 + 10) as i128;
    let mut answer = Box::pin(chain.oneshot(request));
    assert!(futures_util::poll!(answer.as_mut()).is_pending());
    let millionths = prompt + 4096 * 50 + 1000;
    assert_eq!(ledger.totals().held, millionths * 1_000_000);
}

/// Where an answer broke off after its usage so far, its bound was without the image: less than what the provider may bill.
#[tokio::test(start_paused = true)]
async fn the_most_that_it_may_cost_has_every_image() {
    let ledger = MemoryLedger::default();
    let client = service_fn(|_: Request<Payload>| {
        let event = r#"{"choices":[{"index":0,"delta":{"content":"hi"}}],"usage":{"prompt_tokens":100,"completion_tokens":10}}"#;
        let frame = Frame::data(Bytes::from(format!("data: {event}\n\n")));
        let frames = stream::iter([Ok::<_, Infallible>(frame)]);
        let response = Response::builder().header("content-type", "text/event-stream");
        let response = response.body(StreamBody::new(frames)).unwrap();
        async { Ok::<_, Infallible>(response) }
    });
    let chain = ServiceBuilder::new()
        .layer(ChooseLayer::new(catalog("prompt = '1', completion = '2', image = '0.5'")).seed(1))
        .layer(SettleLayer::new(ledger.clone()))
        .layer(MeterLayer::new())
        .service(client);
    let request = request(json!([{"type": "image_url", "image_url": {"url": "data:,"}}]));
    let body = chain.oneshot(request).await.unwrap().into_body();
    body.collect().await.unwrap_err();
    let cost = ledger.records()[0].attempts[0].cost;
    assert_eq!(cost.certainty, Certainty::Estimated);
    assert_eq!(cost.amount, micro(100 + 10 * 2 + 500_000));
    assert_eq!(cost.at_most, micro(100 + 4096 * 2 + 500_000));
}

/// What is charged for an answer of this usage, to a request that came at `wall` and was asked after a while.
async fn charge(
    prices: &str,
    usage: serde_json::Value,
    content: impl Into<serde_json::Value>,
    wall: SystemTime,
    wait: Duration,
) -> Option<Money> {
    let answer = json!({
        "choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}],
        "usage": usage,
    });
    let client = service_fn(move |_: Request<Payload>| {
        let response = Response::builder().header("content-type", "application/json");
        let response = response
            .body(Full::<Bytes>::from(answer.to_string()))
            .unwrap();
        async { Ok::<_, Infallible>(response) }
    });
    let ledger = MemoryLedger::default();
    let metered = ServiceBuilder::new()
        .layer(MeterLayer::new())
        .service(client);
    let late = service_fn(move |request: Request<Payload>| {
        let metered = metered.clone();
        async move {
            sleep(wait).await;
            let response = metered.oneshot(request).await?;
            Ok::<_, switchtower::Error>(response.map(UnsyncBoxBody::new))
        }
    });
    let chain = ServiceBuilder::new()
        .layer(ChooseLayer::new(catalog(prices)).seed(1))
        .layer(SettleLayer::new(ledger.clone()))
        .service(late);
    let mut request = request(content);
    let call = Call::new(Instant::now().into_std(), wall, 7);
    request.extensions_mut().insert(call);
    let response = chain.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
    ledger.records()[0].charge
}

fn request(content: impl Into<serde_json::Value>) -> Request<Payload> {
    let messages = json!([{"role": "user", "content": content.into()}]);
    let body = json!({"model": "a/x", "messages": messages});
    Request::new(Payload::read(body.to_string()).unwrap())
}

fn catalog(prices: &str) -> Arc<Catalog> {
    let text = format!(
        "[providers.one]\nbase_url = 'http://one.test/v1'\n\
         [[models.'a/x'.endpoints]]\nprovider = 'one'\nmodel = 'x'\nprices = {{ {prices} }}\n\
         max_completion_tokens = 4096\nbounds = {{ image = 10 }}\n"
    );
    Arc::new(Catalog::from_toml(&text, "t.toml", |_| None).unwrap())
}

fn micro(millionths: i64) -> Option<Money> {
    Some(Money::from_picodollars(millionths * 1_000_000))
}
