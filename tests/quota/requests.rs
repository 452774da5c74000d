//! Requests and tokens, from when they are let in until their answers are over.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use switchtower::admit::key::KeyLayer;
use switchtower::admit::quota::QuotaLayer;
use switchtower::catalog::{AutoSpec, Catalog, EndpointSpec, ModelSpec, Prices, Provider, Rate};
use switchtower::gateway::Gateway;
use switchtower::limits::{Limits, Rule, Scope, Unit, Window};
use switchtower::{BoxError, CountTokens, Kind, Payload, Period, Price, Stack};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::*;

const MINUTE: Window = Window::Rolling(Duration::from_secs(64));

#[tokio::test(start_paused = true)]
async fn what_was_expected_makes_way_for_what_was_moved() -> Result<(), BoxError> {
    let limits = Limits::new([
        rule("requests", Scope::Account, Unit::Requests, MINUTE, 10),
        rule("tokens", Scope::Account, Unit::Tokens, MINUTE, 500),
    ]);
    let stack = stack().limits(limits.clone());
    let service = stack.around(answering(ANSWER));
    let response = service.clone().oneshot(ask("a/x", 1000)?).await?;
    let nearest = response.extensions().get::<switchtower::limits::Nearest>();
    let tokens = nearest.unwrap().tokens.clone().unwrap();
    assert!((400..500).contains(&tokens.used), "{tokens:?}");
    assert!(left(&limits, Unit::Tokens) < 100);
    response.into_body().collect().await?;
    assert_eq!(left(&limits, Unit::Tokens), 500 - 110);
    assert_eq!(left(&limits, Unit::Requests), 9);

    // There is not as much as is expected: nobody is asked, and the request does not count either.
    let error = service.oneshot(ask("a/x", 1000)?).await.err().unwrap();
    assert_eq!(error.kind(), Kind::LimitReached);
    let wait = error.retry_after().unwrap();
    assert!((seconds(64)..=seconds(68)).contains(&wait), "{wait:?}");
    assert!(error.should_retry());
    assert_eq!(left(&limits, Unit::Requests), 9);
    assert_eq!(stack.ledger().totals().records, 1);
    Ok(())
}

/// A model's prompts had two bytes a token, and each was let in as if it had four.
#[tokio::test(start_paused = true)]
async fn what_is_expected_goes_by_what_was_learned() -> Result<(), BoxError> {
    let limits = Limits::new([rule("tokens", Scope::Account, Unit::Tokens, MINUTE, 10_000)]);
    let stack = stack().limits(limits.clone());
    let expected = || {
        let service = stack.around(answering(ANSWER));
        let (stack, limits) = (service, limits.clone());
        async move {
            let response = stack.oneshot(ask("a/x", 10)?).await?;
            let used = 10_000 - left(&limits, Unit::Tokens);
            response.into_body().collect().await?;
            let moved = 10_000 - left(&limits, Unit::Tokens);
            Ok::<_, BoxError>((used, moved))
        }
    };
    let (before, moved) = expected().await?;
    stack.roster().with(|lineup| {
        let model = lineup.catalog().find("a/x").unwrap();
        (0..200).for_each(|_| lineup.density(model).learn(2_000, 1_000));
    });
    let (after, _) = expected().await?;
    let (before, after) = (before - 10, after - moved - 10);
    assert!(
        (2 * before - 2..=2 * before).contains(&after),
        "{before} {after}"
    );
    Ok(())
}

/// A tokenizer says it better, for the models that it knows.
#[tokio::test(start_paused = true)]
async fn what_is_expected_is_what_is_counted() -> Result<(), BoxError> {
    #[derive(Debug)]
    struct Fixed;
    impl CountTokens for Fixed {
        fn count(&self, model: &str, payload: &Payload) -> Option<u64> {
            assert!(payload.view().text_bytes() > 0);
            (model == "b/y:free").then_some(777)
        }
    }
    let limits = Limits::new([rule("tokens", Scope::Account, Unit::Tokens, MINUTE, 10_000)]);
    let stack = stack().count_tokens(Arc::new(Fixed)).limits(limits.clone());
    for (model, counted) in [("why", true), ("b/y:free", true), ("a/x", false)] {
        let before = left(&limits, Unit::Tokens);
        let response = stack
            .around(answering(ANSWER))
            .oneshot(ask(model, 10)?)
            .await?;
        let taken = before - left(&limits, Unit::Tokens);
        assert_eq!(taken == 787, counted, "{model}: {taken}");
        response.into_body().collect().await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_nobody_was_asked_for_does_not_count() -> Result<(), BoxError> {
    let limits = Limits::new([
        rule("requests", Scope::Account, Unit::Requests, MINUTE, 10),
        rule("tokens", Scope::Account, Unit::Tokens, MINUTE, 2000),
        rule(
            "none",
            Scope::Account,
            Unit::Concurrency,
            Window::Forever,
            0,
        ),
    ]);
    let both = |limits: &Limits| [Unit::Requests, Unit::Tokens].map(|unit| left(limits, unit));
    // The ledger has no room, or there is no such model.
    let service = stack().limits(limits.clone()).around(answering(ANSWER));
    let error = service
        .clone()
        .oneshot(ask("a/x", 100)?)
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind(), Kind::LimitReached);
    assert_eq!(both(&limits), [10, 2000]);
    let error = service.oneshot(ask("a/y", 100)?).await.err().unwrap();
    assert_eq!(error.kind(), Kind::UnknownModel);
    assert_eq!(both(&limits), [10, 2000]);

    // Somebody was asked, and failed: a request, and no tokens.
    let service = stack().quota(QuotaLayer::new(limits.clone()));
    let service = service.around(service_fn(|_: Request<Payload>| async {
        let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
        Ok::<_, Infallible>(response)
    }));
    let error = service.oneshot(ask("a/x", 100)?).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.nearest().is_some());
    assert_eq!(both(&limits), [9, 2000]);

    // Likewise where nobody was there to hear the prompt.
    let service = stack().quota(QuotaLayer::new(limits.clone()));
    let service = service.around(service_fn(|_: Request<Payload>| async {
        Err::<Response<Full<Bytes>>, _>(io::Error::from(io::ErrorKind::ConnectionRefused))
    }));
    let error = service.oneshot(ask("a/x", 100)?).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Connect);
    assert_eq!(both(&limits), [8, 2000]);
    Ok(())
}

/// Else a caller would ask as often as it likes, by leaving each time.
#[tokio::test(start_paused = true)]
async fn who_leaves_has_asked() -> Result<(), BoxError> {
    let limits = Limits::new([
        rule("requests", Scope::Account, Unit::Requests, MINUTE, 10),
        rule("tokens", Scope::Account, Unit::Tokens, MINUTE, 2000),
    ]);
    let service = stack()
        .limits(limits.clone())
        .around(service_fn(|_: Request<Payload>| {
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
        }));
    let mut call = Box::pin(service.oneshot(ask("a/x", 1000)?));
    assert!((&mut call).now_or_never().is_none());
    drop(call);
    assert_eq!(left(&limits, Unit::Requests), 9);
    // The prompt may have been read.
    let tokens = left(&limits, Unit::Tokens);
    assert!((1900..2000).contains(&tokens), "{tokens}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_works_alone_and_around_any_body() -> Result<(), BoxError> {
    let per_key = rule("per-key", Scope::Key, Unit::Requests, MINUTE, 1);
    let service = ServiceBuilder::new()
        .layer(KeyLayer::new(["sk-a", "sk-b"]))
        .layer(QuotaLayer::new(Limits::new([per_key])))
        .service(service_fn(|_: Request<String>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hi"))))
        }));
    let ask = |key: &str| {
        let request = Request::builder().header("authorization", format!("Bearer {key}"));
        service
            .clone()
            .oneshot(request.body("hi".to_owned()).unwrap())
    };
    let answer = ask("sk-a").await?.into_body();
    assert_eq!(http_body::Body::size_hint(&answer).exact(), Some(2));
    answer.collect().await?;
    assert_eq!(ask("sk-a").await.err().unwrap().kind(), Kind::LimitReached);
    ask("sk-b").await?;
    Ok(())
}

/// There nobody begins an attempt, and who is asked may fail all the same: whoever made it fail would ask as often as it likes.
#[tokio::test]
async fn what_fails_counts_where_it_works_alone() -> Result<(), BoxError> {
    let limits = Limits::new([rule("one", Scope::Account, Unit::Requests, MINUTE, 1)]);
    let service = ServiceBuilder::new()
        .layer(QuotaLayer::new(limits))
        .service(service_fn(|_: Request<String>| async {
            Err::<Response<Full<Bytes>>, _>(io::Error::from(io::ErrorKind::ConnectionReset))
        }));
    let ask = || service.clone().oneshot(Request::new("hi".to_owned()));
    assert_eq!(ask().await.err().unwrap().kind(), Kind::Disconnected);
    assert_eq!(ask().await.err().unwrap().kind(), Kind::LimitReached);
    Ok(())
}

/// Twenty a minute and fifty a day, over all free models together; what is paid for is not counted.
#[tokio::test]
async fn free_models_have_limits_of_their_own() -> Result<(), BoxError> {
    let free = |name, window, limit| -> Result<Rule, BoxError> {
        Ok(Rule::new(name, Scope::Account, Unit::Requests, window, limit)?.models("*:free"))
    };
    let limits = Limits::new([
        free("free-models-per-min", MINUTE, 20)?,
        free("free-models-per-day", Window::Calendar(Period::Daily), 50)?,
    ]);
    let service = stack().limits(limits).around(answering(ANSWER));
    for _ in 0..20 {
        service.clone().oneshot(ask("a/x:free", 10)?).await?;
    }
    let error = service
        .clone()
        .oneshot(ask("b/y:free", 10)?)
        .await
        .err()
        .unwrap();
    assert!(error.message().contains("free-models-per-min"), "{error}");
    service.oneshot(ask("a/x", 10)?).await?;
    Ok(())
}

/// An alias, a suffix that only orders, a list to fall back on, or a router is no way around the limit of a model.
#[tokio::test]
async fn a_model_is_counted_whatever_it_is_called() -> Result<(), BoxError> {
    let of_model = rule("model", Scope::Model, Unit::Requests, MINUTE, 2).of("b/y:free")?;
    let free = rule("free", Scope::Account, Unit::Requests, MINUTE, 2).models("*:free");
    let place = rule("place", Scope::Model, Unit::Concurrency, Window::Forever, 2);
    let asked = [
        json!({"model": "b/y:free"}),
        json!({"model": "why"}),
        json!({"model": "b/y:free:nitro"}),
        json!({"model": "b/y:nitro:free"}),
        json!({"model": "b/y:free:online:floor"}),
        json!({"model": "openrouter/free"}),
        json!({"model": "openrouter/free:nitro"}),
        json!({"model": "openrouter/auto"}),
        json!({"model": "a/x", "models": ["openrouter/free"]}),
        json!({"models": ["b/y:free"]}),
        json!({"model": "a/x", "models": ["why"]}),
    ];
    for rule in [of_model, free, place] {
        for body in &asked {
            let limits = Limits::new([rule.clone()]);
            let silent = service_fn(|_| pending::<Result<Response<Full<Bytes>>, Infallible>>());
            let service = stack().limits(limits).around(silent);
            let ask = |mut body: Value| {
                body["messages"] = json!([{"role": "user", "content": "hi"}]);
                let request = Request::post("/v1/chat/completions");
                let request = request.body(Full::new(Bytes::from(body.to_string())));
                service.clone().oneshot(request.unwrap())
            };
            // Nobody has answered yet, so that it may still be any of those that are meant.
            let mut asked = [body, body].map(|body| Box::pin(ask(body.clone())));
            assert!(
                asked.iter_mut().all(|it| it.now_or_never().is_none()),
                "{body}"
            );
            let error = ask(json!({"model": "b/y:free"})).await.err();
            let error = error.unwrap_or_else(|| panic!("{body}: {}", rule.name()));
            assert_eq!(error.kind(), Kind::LimitReached, "{body}");
            drop(asked);
        }
    }
    Ok(())
}

/// What an operator calls a model in a rule means it as well as what a caller calls it.
#[tokio::test]
async fn a_rule_may_call_a_model_by_an_alias() -> Result<(), BoxError> {
    let catalog = Catalog::from_toml(
        r#"
        providers.one.base_url = "http://one.test/v1"
        [models."a/x"]
        aliases = ["ex"]
        endpoints = [{ provider = "one", model = "x" }]
        [[limits]]
        name = "ex"
        scope = "model"
        of = "ex"
        unit = "requests"
        limit = 1
        "#,
        "t.toml",
        |_| None,
    );
    let service = Stack::new(Arc::new(catalog?)).around(answering(ANSWER));
    service.clone().oneshot(ask("a/x", 10)?).await?;
    let error = service.oneshot(ask("ex", 10)?).await.err().unwrap();
    assert_eq!(error.kind(), Kind::LimitReached);
    Ok(())
}

/// Of several that it names, a request counts in the end as one of the model that answered.
#[tokio::test]
async fn a_request_counts_for_the_model_that_answered() -> Result<(), BoxError> {
    let limits = Limits::new([rule("model", Scope::Model, Unit::Requests, MINUTE, 10)]);
    let service = stack().limits(limits.clone()).around(answering(ANSWER));
    let body = json!({"models": ["a/x", "why"], "messages": [{"role": "user", "content": "hi"}]});
    let request = Request::post("/v1/chat/completions");
    let request = request.body(Full::new(Bytes::from(body.to_string())))?;
    let answer = service.oneshot(request).await?;
    let left = |model| left_of(&limits, model);
    // Whoever asks the other one meanwhile has all of it.
    assert_eq!((left("a/x"), left("b/y:free")), (9, 10));
    answer.into_body().collect().await?;
    assert_eq!((left("a/x"), left("b/y:free")), (9, 10));
    Ok(())
}

/// Likewise of those that a router might have chosen.
#[tokio::test]
async fn what_a_router_has_not_chosen_is_given_back() -> Result<(), BoxError> {
    let limits = Limits::new([rule("model", Scope::Model, Unit::Requests, MINUTE, 10)]);
    let service = stack().limits(limits.clone()).around(answering(ANSWER));
    let answer = service.oneshot(ask("openrouter/free", 10)?).await?;
    let left = || ["a/x", "a/x:free", "b/y:free"].map(|model| left_of(&limits, model));
    assert_eq!(left().iter().sum::<u64>(), 29);
    answer.into_body().collect().await?;
    assert_eq!(left().iter().sum::<u64>(), 29);
    Ok(())
}

#[tokio::test]
async fn a_gateway_tells_what_is_left_with_every_answer() -> Result<(), BoxError> {
    let limits = Limits::new([
        rule("requests", Scope::Key, Unit::Requests, MINUTE, 3),
        rule(
            "tokens",
            Scope::Key,
            Unit::Tokens,
            Window::Calendar(Period::Daily),
            100_000,
        ),
        rule(
            "budget",
            Scope::Key,
            Unit::Money,
            Window::Calendar(Period::Daily),
            0,
        ),
    ]);
    let stack = stack().limits(limits);
    let gateway = Gateway::new(stack, answering(ANSWER))
        .keys(["sk-a"])
        .router();
    let ask = |path: &str, body: Value| {
        let request = Request::post(path).header("authorization", "Bearer sk-a");
        let request = request
            .body(axum::body::Body::from(body.to_string()))
            .unwrap();
        gateway.clone().oneshot(request)
    };
    let chat = |model| json!({"model": model, "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]});
    let response = ask("/v1/chat/completions", chat("a/x")).await?;
    assert_eq!(response.status(), 200);
    let header = |response: &Response<_>, name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let told = |response: &Response<axum::body::Body>| {
        [
            "limit-requests",
            "remaining-requests",
            "limit-tokens",
            "limit",
            "remaining",
        ]
        .map(|name| header(response, &format!("x-ratelimit-{name}")).unwrap_or_default())
    };
    assert_eq!(told(&response), ["3", "2", "100000", "3", "2"]);
    let reset = header(&response, "x-ratelimit-reset-requests").unwrap();
    assert!(reset.starts_with("1m"), "{reset}");
    let reset: u128 = header(&response, "x-ratelimit-reset").unwrap().parse()?;
    assert!(
        reset > 1_600_000_000_000,
        "milliseconds since 1970: {reset}"
    );

    // An error inside, once it was counted.
    let response = ask("/v1/chat/completions", chat("a/none")).await?;
    assert_eq!(response.status(), 404);
    assert_eq!(told(&response)[..2], ["3", "1"]);
    drop(response);
    // It was given back.
    for left in ["1", "0"] {
        let response = ask("/v1/chat/completions", chat("a/x")).await?;
        assert_eq!(told(&response)[1], left);
    }
    let response = ask("/api/v1/chat/completions", chat("a/x")).await?;
    assert_eq!(response.status(), 429);
    assert_eq!(told(&response), ["3", "0", "", "3", "0"]);
    let wait: u64 = header(&response, "retry-after").unwrap().parse()?;
    assert!((60..=68).contains(&wait), "{wait}");
    // Longer than an SDK would wait.
    assert_eq!(
        header(&response, "x-should-retry").as_deref(),
        Some("false")
    );
    let body = response.into_body().collect().await?.to_bytes();
    let error = &serde_json::from_slice::<Value>(&body)?["error"];
    assert_eq!(error["code"], 429);
    let metadata = &error["metadata"];
    assert_eq!(metadata["error_type"], "rate_limit_exceeded");
    let told = [
        "rule",
        "scope",
        "unit",
        "limit",
        "used",
        "held",
        "remaining",
        "needed",
    ]
    .map(|name| &metadata[name]);
    let right = [
        json!("requests"),
        json!("key"),
        json!("requests"),
        json!(3),
        json!(3),
        json!(0),
        json!(0),
        json!(1),
    ];
    assert!(told.into_iter().eq(&right), "{metadata}");
    assert!(metadata["resets_at"].as_str().unwrap().ends_with('Z'));
    Ok(())
}

#[tokio::test]
async fn a_stream_tells_it_as_well() -> Result<(), BoxError> {
    let limits = Limits::new([rule("requests", Scope::Key, Unit::Requests, MINUTE, 3)]);
    let client = service_fn(|_: Request<Payload>| async {
        let events = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        let mut response = Response::new(Full::new(Bytes::from_static(events.as_bytes())));
        let kind = http::HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert("content-type", kind);
        Ok::<_, Infallible>(response)
    });
    let gateway = Gateway::new(stack().limits(limits), client)
        .keys(["sk-a"])
        .router();
    let body =
        json!({"model": "a/x", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let request = Request::post("/v1/chat/completions").header("authorization", "Bearer sk-a");
    let request = request.body(axum::body::Body::from(body.to_string()))?;
    let response = gateway.oneshot(request).await?;
    assert_eq!(response.headers()["x-ratelimit-remaining-requests"], "2");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    Ok(())
}

// === Helpers ===

const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110}}"#;

fn answering(
    answer: &'static str,
) -> impl tower::Service<
    Request<Payload>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future: Send,
> + Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |_: Request<Payload>| async move {
        let mut response = Response::new(Full::new(Bytes::from_static(answer.as_bytes())));
        let kind = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert("content-type", kind);
        Ok::<_, Infallible>(response)
    })
}

fn stack() -> Stack {
    // Free, since what has no price is asked for nobody who has a limit.
    let free = Prices::unknown()
        .with(Rate::Prompt, Price::ZERO)
        .with(Rate::Completion, Price::ZERO);
    let endpoint = || EndpointSpec::new("one", "x").with_prices(free.clone());
    let model = |id: &str| ModelSpec::new(id).endpoint(endpoint());
    let catalog = Catalog::builder()
        .provider(Provider::new("one", "http://one.test/v1".parse().unwrap()))
        .model(model("a/x"))
        .model(model("a/x:free"))
        .model(model("b/y:free").with_alias("why"))
        .auto(AutoSpec::new().with_models("b/y:free"))
        .build()
        .unwrap();
    Stack::new(Arc::new(catalog)).seed(7)
}

fn ask(model: &str, max_tokens: u32) -> Result<Request<Full<Bytes>>, BoxError> {
    let body = json!({"model": model, "max_tokens": max_tokens, "messages": [{"role": "user", "content": "hi"}]});
    Ok(Request::post("/v1/chat/completions").body(Full::from(body.to_string()))?)
}

fn left(limits: &Limits, unit: Unit) -> u64 {
    let now = Now {
        instant: tokio::time::Instant::now().into_std(),
        wall: SystemTime::now(),
    };
    limits.levels(&Subject::default(), &[unit], now)[0].remaining()
}

fn left_of(limits: &Limits, model: &str) -> u64 {
    let subject = Subject {
        model: Some(model),
        ..Subject::default()
    };
    let now = Now {
        instant: tokio::time::Instant::now().into_std(),
        wall: SystemTime::now(),
    };
    limits.levels(&subject, &[Unit::Requests], now)[0].remaining()
}
