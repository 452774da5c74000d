//! What an upstream remembers.

use std::time::Instant;

use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::json;
use switchtower::testing::{Failure, Point, Prices, Script, Seen, Tokens, Upstream, UsageManner};

use crate::support::{client, request, stream, whole};

#[tokio::test]
async fn the_book_holds_what_was_served() {
    let prices = Prices {
        prompt: 100,
        cached: 10,
        completion: 1000,
        request: 1,
    };
    let upstream = Upstream::builder().prices(prices).start().await.unwrap();
    upstream.script(
        Script::new()
            .tokens(5)
            .hidden_reasoning(2)
            .prompt_tokens(30)
            .cached_tokens(20),
    );
    let bill = 1 + 10 * 100 + 20 * 10 + 7 * 1000;
    let tokens = Tokens {
        prompt: 30,
        cached: 20,
        completion: 7,
        reasoning: 2,
    };

    stream(&upstream, json!({})).await;
    whole(&upstream, json!({})).await;
    let book = upstream.book();
    assert_eq!(book.entries[0].told, None, "nobody asked");
    assert_eq!(book.entries[1].told, Some(tokens));
    for entry in &book.entries {
        assert_eq!((entry.served, entry.femtodollars), (tokens, bill));
        assert!(entry.is_complete());
    }
    upstream.next(Script::new().usage(UsageManner::ExplicitZero));
    stream(&upstream, json!({})).await;
    upstream.next(Script::fail(StatusCode::BAD_GATEWAY));
    stream(&upstream, json!({})).await;
    let book = upstream.book();
    assert_eq!((book.calls, book.femtodollars), (4, 2 * bill));
    assert_eq!(book.entries[2].served.completion, 12);
    assert_eq!(book.entries[2].told, Some(Tokens::default()));
}

#[tokio::test]
async fn the_log_is_bounded() {
    let builder = Upstream::builder()
        .max_calls(3)
        .max_log_bytes(1000)
        .max_body(5000);
    let upstream = builder.start().await.unwrap();
    for _ in 0..5 {
        whole(&upstream, json!({"pad": "x".repeat(600)})).await;
    }
    let seen = upstream.seen();
    assert_eq!(
        seen.iter().map(|call| call.number).collect::<Vec<_>>(),
        [2, 3, 4]
    );
    assert_eq!(
        seen.iter()
            .map(|call| call.body.is_empty())
            .collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(
        (upstream.book().calls, upstream.book().entries.len()),
        (5, 3)
    );

    let large = whole(&upstream, json!({"pad": "x".repeat(6000)})).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn scripts_are_chosen_by_the_call() {
    let upstream = Upstream::start().await;
    upstream.script_fn(|call: &Seen| match call.json().unwrap()["model"].as_str() {
        Some("acme/small") => Script::fail(StatusCode::NOT_FOUND),
        _ => Script::new(),
    });
    upstream.next(Script::fail(StatusCode::BAD_GATEWAY));
    let statuses = [json!({}), json!({"model": "acme/small"}), json!({})];
    let mut seen = Vec::new();
    for body in statuses {
        seen.push(whole(&upstream, body).await.status.as_u16());
    }
    assert_eq!(seen, [502, 404, 200]);
    assert_eq!(
        upstream.seen()[1].header("content-type"),
        Some("application/json")
    );
    assert_eq!(upstream.seen()[1].path(), "/v1/chat/completions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_take_seconds() {
    let upstream = Upstream::start().await;
    let client = client();
    let callers = (0..50).map(|_| {
        let (client, upstream) = (client.clone(), upstream.clone());
        tokio::spawn(async move {
            for _ in 0..200 {
                let request = request(&upstream, "POST", "/chat/completions", r#"{"stream":true}"#);
                let response = client.request(request).await.unwrap();
                response.into_body().collect().await.unwrap();
            }
        })
    });
    let began = Instant::now();
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    println!("10 000 streams in {:?}", began.elapsed());
    assert_eq!(upstream.book().served.completion, 120_000);
    assert!(upstream.connections() <= 100);
}

#[test]
fn handles_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Upstream>();
    crosses::<Script>();
    crosses::<Seen>();
}

#[tokio::test]
async fn an_error_that_was_told_is_booked_as_one() {
    let upstream = Upstream::start().await;
    let late = Script::new().fail_at(Point::After(2), Failure::overloaded());
    upstream.next(Script::fail(StatusCode::BAD_GATEWAY));
    upstream.next(late.clone());
    upstream.next(late);
    stream(&upstream, json!({})).await;
    stream(&upstream, json!({})).await;
    whole(&upstream, json!({})).await;
    stream(&upstream, json!({})).await;
    let entries = upstream.book().entries;
    let failed: Vec<_> = entries.iter().map(|entry| entry.failed).collect();
    assert_eq!(failed, [true, true, true, false]);
    let served: Vec<_> = entries
        .iter()
        .map(|entry| entry.served.completion)
        .collect();
    assert_eq!(served, [0, 2, 2, 12]);
    assert!(!entries[1].is_complete() && entries[3].is_complete());
}
