//! The plan explains itself to a caller that asks: `openrouter_metadata`.

use std::sync::Arc;

use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};
use switchtower::gateway::{Bounds, Gateway};
use switchtower::testing::{Failure, Point, Script, Upstream};
use switchtower::{Stack, client};
use tower::ServiceExt;

use crate::bad_input::keys;
use crate::support::{Answer, House, KEY, chat};

const HEADER: &str = "x-openrouter-metadata";

#[tokio::test]
async fn nobody_is_told_who_did_not_ask() {
    let house = House::open(2).await;
    for (name, value) in [
        ("accept", "application/json"),
        (HEADER, "disabled"),
        (HEADER, "1"),
        (HEADER, "enabled, disabled"),
        ("x-openrouter-experimental-metadata", "true"),
    ] {
        for more in [
            json!({}),
            json!({"stream": true}),
            json!({"provider": {"only": ["nobody"]}}),
        ] {
            let answer = ask(&house, "/api/v1", &[(name, value)], more).await;
            assert!(
                !answer.body.contains("openrouter_metadata"),
                "{value}: {answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_whole_answer_tells_its_plan() {
    let house = House::asking_always(3).await;
    house.script(0, Script::fail(Failure::overloaded()));
    for version in ["/api/v1", "/v1"] {
        for header in [
            (HEADER, "enabled"),
            (HEADER, "ENABLED"),
            ("x-openrouter-experimental-metadata", "Enabled"),
        ] {
            let more = json!({"provider": {"order": ["first", "second"], "ignore": ["third"]}});
            let answer = ask(&house, version, &[header], more).await.json();
            assert_eq!(answer["choices"][0]["finish_reason"], "stop");
            let told = &answer["openrouter_metadata"];
            assert_told(told);
            assert_eq!(told["requested"], "acme/large");
            assert_eq!(told["strategy"], "direct");
            assert_eq!(told["summary"], "available=2, selected=second & Co.");
            assert_eq!(
                (&told["attempt"], &told["is_byok"]),
                (&json!(2), &json!(false))
            );
            assert_eq!(told["endpoints"]["total"], 3);
            let available = &told["endpoints"]["available"];
            assert_eq!(
                column(available, "provider"),
                ["first & Co.", "second & Co."]
            );
            assert_eq!(column(available, "selected"), [false, true]);
            assert_eq!(column(available, "reason"), ["named in provider.order"; 2]);
            assert_eq!(
                told["endpoints"]["rejected"],
                json!([{
                    "provider": "third & Co.", "model": "acme/large", "endpoint": "third",
                    "removed_by": "provider.ignore",
                }])
            );
            assert_eq!(column(&told["attempts"], "status"), [503, 200]);
            assert_eq!(column(&told["attempts"], "endpoint"), ["first", "second"]);
            assert_eq!(column(&told["attempts"], "end"), ["overloaded", "complete"]);
        }
    }
}

/// By which name a model was asked for is told as it was written.
#[tokio::test]
async fn the_strategy_says_what_the_name_meant() {
    let house = House::open(2).await;
    for (more, requested, strategy) in [
        (json!({}), "acme/large", "direct"),
        (
            json!({"model": "acme/large:nitro"}),
            "acme/large:nitro",
            "direct",
        ),
        (json!({"model": "latest/large"}), "latest/large", "alias"),
        (
            json!({"model": "~acme/large-latest"}),
            "~acme/large-latest",
            "latest",
        ),
        (json!({"models": ["acme/small"]}), "acme/large", "fallback"),
    ] {
        let answer = ask(&house, "/api/v1", &[(HEADER, "enabled")], more)
            .await
            .json();
        let told = &answer["openrouter_metadata"];
        assert_told(told);
        assert_eq!(
            (&told["requested"], &told["strategy"]),
            (&json!(requested), &json!(strategy))
        );
    }
}

/// A request may name sixty-four models, each at many providers.
#[tokio::test]
async fn a_long_plan_is_counted_and_not_told_in_full() {
    let endpoint = |number| EndpointSpec::new("acme", "m").with_tag(&format!("acme/{number}"));
    let model = (0..250)
        .map(endpoint)
        .fold(ModelSpec::new("acme/many"), ModelSpec::endpoint);
    let upstream = Upstream::start().await;
    let catalog = Catalog::builder()
        .provider(Provider::new(
            "acme",
            upstream.base_url().to_string().parse().unwrap(),
        ))
        .model(model)
        .build()
        .unwrap();
    let router = Gateway::new(Stack::new(Arc::new(catalog)), client::hyper::plain())
        .keys([KEY])
        .router();
    let request = Request::post("/api/v1/chat/completions")
        .header("authorization", format!("Bearer {KEY}"))
        .header(HEADER, "enabled")
        .body(axum::body::Body::from(chat(
            json!({"model": "acme/many", "provider": {}}),
        )));
    let answer = router.oneshot(request.unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let endpoints = &body["openrouter_metadata"]["endpoints"];
    assert_eq!(endpoints["total"], 250);
    assert_eq!(endpoints["available"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_stream_tells_it_in_its_last_chunk() {
    let house = House::open(2).await;
    let header = [(HEADER, "enabled")];
    for (version, path) in [("/api/v1", "/chat/completions"), ("/v1", "/completions")] {
        let body = match path {
            "/completions" => {
                json!({"model": "acme/large", "prompt": "hi", "stream": true}).to_string()
            }
            _ => chat(json!({"stream": true})),
        };
        let answer = post(&house, &format!("{version}{path}"), &header, body).await;
        let chunks = answer.chunks();
        let (last, others) = chunks.split_last().unwrap();
        assert_told(&last["openrouter_metadata"]);
        assert_eq!(last["openrouter_metadata"]["attempt"], 1);
        assert!(last["usage"].is_object());
        assert!(
            others
                .iter()
                .all(|chunk| chunk.get("openrouter_metadata").is_none())
        );
    }
}

#[tokio::test]
async fn a_stream_that_breaks_tells_it_with_its_error() {
    let house = House::open(2).await;
    house.script(0, Script::new().cut(Point::After(3)));
    let answer = ask(
        &house,
        "/api/v1",
        &[(HEADER, "enabled")],
        json!({"stream": true}),
    )
    .await;
    let chunks = answer.chunks();
    let (last, others) = chunks.split_last().unwrap();
    assert!(last["error"].is_object(), "{last}");
    let told = &last["openrouter_metadata"];
    assert_told(told);
    assert_eq!(column(&told["attempts"], "endpoint"), ["first"]);
    assert_eq!(column(&told["attempts"], "status"), [502]);
    assert!(
        others
            .iter()
            .all(|chunk| chunk.get("openrouter_metadata").is_none())
    );
}

#[tokio::test]
async fn an_error_tells_it_beside_itself() {
    let house = House::asking_always(2).await;
    for upstream in [0, 1] {
        house.script(upstream, Script::fail(Failure::quota_exhausted()));
    }
    for version in ["/api/v1", "/v1"] {
        let answer = ask(&house, version, &[(HEADER, "enabled")], json!({})).await;
        assert_eq!(answer.status, 429);
        let body = answer.json();
        assert_eq!(keys(&body), ["error", "openrouter_metadata"]);
        let told = &body["openrouter_metadata"];
        assert_told(told);
        assert_eq!(told["attempt"], 2);
        assert_eq!(column(&told["attempts"], "status"), [429, 429]);
    }
}

#[tokio::test]
async fn a_plan_that_nobody_is_left_for_tells_who_was_removed() {
    let house = House::open(2).await;
    let more = json!({"provider": {"only": ["second"], "zdr": true}});
    let answer = ask(&house, "/api/v1", &[(HEADER, "enabled")], more).await;
    assert_eq!(answer.status, 404);
    let told = &answer.json()["openrouter_metadata"];
    assert_told(told);
    assert_eq!(
        (&told["requested"], &told["attempt"]),
        (&json!("acme/large"), &json!(0))
    );
    let endpoints = &told["endpoints"];
    assert_eq!(
        (&endpoints["total"], &endpoints["available"]),
        (&json!(2), &json!([]))
    );
    assert_eq!(
        column(&endpoints["rejected"], "removed_by"),
        ["provider.only", "provider.zdr"]
    );
}

#[tokio::test]
async fn a_refusal_at_the_door_tells_nothing() {
    let house = House::open(1).await;
    for (what, body) in [
        ("no JSON", "{".to_owned()),
        ("no model", json!({"messages": []}).to_string()),
        ("an unknown one", chat(json!({"model": "nobody/knows"}))),
    ] {
        let answer = post(
            &house,
            "/api/v1/chat/completions",
            &[(HEADER, "enabled")],
            body,
        )
        .await;
        assert!(answer.status.is_client_error(), "{what}");
        assert_eq!(keys(&answer.json()), ["error"], "{what}");
    }
    let mut request = house.request(Method::POST, "/api/v1/chat/completions", chat(json!({})));
    request
        .headers_mut()
        .insert("authorization", "Bearer wrong".parse().unwrap());
    request
        .headers_mut()
        .insert(HEADER, "enabled".parse().unwrap());
    let answer = Answer::read(house.send(request).await).await;
    assert_eq!(
        (answer.status.as_u16(), keys(&answer.json())),
        (401, vec!["error"])
    );
}

/// An operator's own account at a provider is none of the caller's.
#[tokio::test]
async fn a_key_of_the_operator_is_not_the_callers() {
    let upstream = Upstream::builder().start().await.unwrap();
    let toml = format!(
        "[providers.one]\nbase_url = {:?}\nown_key = true\n[models.\"acme/large\"]\n\
         endpoints = [{{ provider = \"one\", model = \"m\" }}]",
        upstream.base_url().to_string(),
    );
    let catalog = Catalog::from_toml(&toml, "t.toml", |_| None).unwrap();
    let gateway = Gateway::new(Stack::new(Arc::new(catalog)), client::hyper::plain()).keys([KEY]);
    let house = House::of(vec![upstream], gateway, Bounds::default()).await;
    let answer = ask(&house, "/api/v1", &[(HEADER, "enabled")], json!({})).await;
    let told = answer.json();
    assert_eq!(told["usage"]["is_byok"], false, "{told}");
    assert_eq!(told["openrouter_metadata"]["is_byok"], false, "{told}");
}

// === Helpers ===

async fn ask(
    house: &House,
    version: &str,
    headers: &[(&'static str, &str)],
    more: Value,
) -> Answer {
    post(
        house,
        &format!("{version}/chat/completions"),
        headers,
        chat(more),
    )
    .await
}

async fn post(house: &House, path: &str, headers: &[(&'static str, &str)], body: String) -> Answer {
    let mut request = house.request(Method::POST, path, body);
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    Answer::read(house.send(request).await).await
}

/// Every key that OpenRouter's schema demands, in its type.
fn assert_told(told: &Value) {
    for key in ["requested", "strategy", "summary"] {
        assert!(told[key].is_string(), "{key}: {told}");
    }
    assert_eq!(told.get("region"), Some(&Value::Null), "{told}");
    assert!(
        told["attempt"].is_u64() && told["is_byok"].is_boolean(),
        "{told}"
    );
    assert!(told["endpoints"]["total"].is_u64(), "{told}");
    for one in told["endpoints"]["available"].as_array().unwrap() {
        assert!(
            one["provider"].is_string() && one["model"].is_string(),
            "{one}"
        );
        assert!(one["selected"].is_boolean(), "{one}");
    }
    for one in told["attempts"].as_array().unwrap() {
        assert!(
            one["provider"].is_string() && one["model"].is_string(),
            "{one}"
        );
        assert!(one["status"].is_u64(), "{one}");
    }
}

fn column(rows: &Value, key: &str) -> Vec<Value> {
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row[key].clone())
        .collect()
}
