//! What a caller is told of its limits, on the wire: in headers, and in the error that refuses it.

use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use std::time::Duration;
use switchtower::gateway::Bounds;
use switchtower::limits::{Limits, Rule, Scope, Unit, Window};
use switchtower::{Period, Stack};

use crate::support::{Answer, House, KEY, chat};

/// A limit of money that leaves no room says all there is to say of it, and who left the plan for it.
#[tokio::test]
async fn a_402_tells_the_budget() {
    let day = Window::Calendar(Period::Daily);
    let budget = Rule::money("budget", Scope::Key, day, "0.000001".parse().unwrap());
    let house = limited([budget.unwrap()]).await;
    for version in ["/api/v1", "/v1"] {
        let answer = ask(&house, version, json!({"stream": true})).await;
        assert_eq!(answer.status, StatusCode::PAYMENT_REQUIRED, "{answer:?}");
        let error = &answer.json()["error"];
        let told = &error["metadata"];
        for (name, value) in [
            ("rule", json!("budget")),
            ("scope", json!("key")),
            ("unit", json!("money")),
            ("limit", json!("0.000001")),
            ("used", json!("0")),
            ("held", json!("0")),
            ("remaining", json!("0.000001")),
        ] {
            assert_eq!(told[name], value, "{name}: {answer:?}");
        }
        let needed: f64 = told["needed"].as_str().unwrap().parse().unwrap();
        assert!(needed > 0.000001, "{needed}");
        let resets = told["resets_at"].as_str().unwrap();
        assert!(
            resets.ends_with("T00:00:00.000Z") || resets.ends_with("T00:00:00Z"),
            "{resets}"
        );
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with("Insufficient credits"), "{message}");
        // There is never room for so much: to wait does not help.
        assert_eq!(answer.header("retry-after"), None);
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        // They count requests and tokens; of money none is told there.
        assert_eq!(answer.header("x-ratelimit-limit"), None);
    }
    assert_eq!(house.calls(), 0);

    let answer = with_metadata(&house).await;
    let rejected = &answer.json()["openrouter_metadata"]["endpoints"]["rejected"];
    let by: Vec<_> = rejected
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["removed_by"])
        .collect();
    assert_eq!(by, ["budget", "budget"], "{answer:?}");
}

/// Whoever has no room for as long as others are under way may come back soon.
#[tokio::test]
async fn a_402_for_what_is_under_way_tells_what_is_held() {
    let budget = Rule::money(
        "budget",
        Scope::Account,
        Window::Forever,
        "0.001".parse().unwrap(),
    );
    let house = limited([budget.unwrap()]).await;
    let slow = switchtower::testing::Script::new().latency(Duration::from_secs(3600));
    house.upstreams[0].script(slow);
    let mut under_way = Box::pin(ask(&house, "/api/v1", json!({"max_tokens": 90})));
    tokio::select! {
        answer = &mut under_way => panic!("{answer:?}"),
        () = house.upstreams[0].wait_calls(1) => {}
    }
    let answer = ask(&house, "/api/v1", json!({"max_tokens": 90})).await;
    assert_eq!(answer.status, StatusCode::PAYMENT_REQUIRED, "{answer:?}");
    let told = &answer.json()["error"]["metadata"];
    let amount = |name: &str| {
        told[name]
            .as_str()
            .unwrap()
            .parse::<switchtower::Money>()
            .unwrap()
    };
    assert_eq!(
        i128::from(amount("held").picodollars()),
        house.ledger.totals().held
    );
    assert_eq!(amount("limit"), "0.001".parse().unwrap());
    assert_eq!(answer.header("retry-after"), Some("1"));
    drop(under_way);
}

/// Headers say how many are left, on a stream as well, and on the refusal; there also in the error.
#[tokio::test]
async fn a_429_tells_the_limit_in_headers_and_in_the_error() {
    let minute = Window::Rolling(Duration::from_secs(64));
    let rate = Rule::new("per-minute", Scope::Key, Unit::Requests, minute, 2).unwrap();
    let house = limited([rate]).await;
    for (stream, left) in [(true, "1"), (false, "0")] {
        let answer = ask(&house, "/v1", json!({"stream": stream})).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.header("x-ratelimit-limit-requests"), Some("2"));
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some(left));
    }
    let answer = ask(&house, "/v1", json!({})).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    for name in ["x-ratelimit-remaining-requests", "x-ratelimit-remaining"] {
        assert_eq!(answer.header(name), Some("0"));
    }
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((60..=68).contains(&wait), "{wait}");
    let told = &answer.json()["error"]["metadata"];
    let numbers = ["limit", "used", "held", "remaining", "needed"].map(|name| told[name].clone());
    assert_eq!(numbers, [2, 2, 0, 0, 1].map(Value::from));
    assert!(told["resets_at"].is_string());
}

// === Helpers ===

async fn limited(rules: impl IntoIterator<Item = Rule>) -> House {
    let limits = Limits::new(rules);
    House::with(2, |stack: Stack| stack.limits(limits), Bounds::default()).await
}

async fn ask(house: &House, version: &str, more: Value) -> Answer {
    let mut body = json!({"max_tokens": 50});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    let path = format!("{version}/chat/completions");
    house.post(&path, chat(body)).await
}

async fn with_metadata(house: &House) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://{}/api/v1/chat/completions", house.address))
        .header("authorization", format!("Bearer {KEY}"))
        .header("x-openrouter-metadata", "enabled")
        .body(Full::from(chat(json!({"max_tokens": 50}))))
        .unwrap();
    Answer::read(house.send(request).await).await
}
