//! Why a model cannot be had, in a word that a program understands: `error.availability`.

use serde_json::{Value, json};
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Prices, Provider, Rate};
use switchtower::gateway::Gateway;
use switchtower::testing::{Failure, Script};
use switchtower::wire::{Modalities, Modality};
use switchtower::{Price, Stack, client};

use crate::support::{House, KEY, chat};

#[tokio::test]
async fn a_refusal_says_what_is_in_the_way() {
    for (what, path, body, status, code, excluded) in [
        (
            "an unknown model",
            CHAT,
            json!({"model": "acme/fake-1.0"}),
            400,
            "model_not_found",
            json!(null),
        ),
        (
            "vectors from who talks",
            "/embeddings",
            json!({"model": "acme/talks", "input": "hi"}),
            400,
            "wrong_endpoint",
            json!(null),
        ),
        (
            "talk from who embeds",
            CHAT,
            json!({"model": "acme/embeds"}),
            400,
            "wrong_endpoint",
            json!(null),
        ),
        (
            "privacy",
            CHAT,
            json!({"provider": {"zdr": true}}),
            404,
            "privacy_restricted",
            json!(["data_policy:zdr"]),
        ),
        (
            "privacy of two sorts",
            CHAT,
            json!({"models": ["acme/embeds-and-talks"], "provider": {"data_collection": "deny"}}),
            404,
            "privacy_restricted",
            json!(["data_policy:training"]),
        ),
        (
            "a price",
            CHAT,
            json!({"provider": {"max_price": {"prompt": "0.01"}}}),
            404,
            "constraint_filtered",
            json!(["max_price"]),
        ),
        (
            "privacy here, a price there",
            CHAT,
            json!({"models": ["acme/private"], "provider": {"max_price": {"prompt": "0.01"}, "zdr": true}}),
            404,
            "constraint_filtered",
            json!(["data_policy:zdr", "max_price"]),
        ),
        (
            "a name",
            CHAT,
            json!({"provider": {"only": ["nobody"]}}),
            404,
            "no_endpoints",
            json!(["allowed_providers"]),
        ),
        (
            "a router without a rule",
            CHAT,
            json!({"model": "openrouter/auto"}),
            404,
            "no_endpoints",
            json!(null),
        ),
    ] {
        let mut asked = body.clone();
        if path == CHAT {
            asked = serde_json::from_str(&chat(json!({"model": "acme/talks"}))).unwrap();
            asked
                .as_object_mut()
                .unwrap()
                .extend(body.as_object().unwrap().clone());
        }
        let error = post("/api/v1", path, &asked).await;
        assert_eq!(error["code"], status, "{what}: {error}");
        let told = &error["availability"];
        assert_eq!(
            (&told["code"], &told["retryable"]),
            (&json!(code), &json!(false)),
            "{what}: {error}"
        );
        assert_eq!(told["requested_models"][0], asked["model"], "{what}");
        assert!(
            told["docs_url"].as_str().unwrap().starts_with("https://"),
            "{what}"
        );
        assert_eq!(
            told.get("excluded_by").unwrap_or(&Value::Null),
            &excluded,
            "{what}: {error}"
        );
        // OpenAI's clients know no such member.
        assert!(
            post("/v1", path, &asked)
                .await
                .get("availability")
                .is_none(),
            "{what}"
        );
    }
}

#[tokio::test]
async fn the_right_route_is_named() {
    let error = post(
        "/api/v1",
        CHAT,
        &json!({"model": "acme/embeds", "messages": [{"role": "user", "content": "hi"}]}),
    )
    .await;
    let constraint = json!({"field": "model", "detail": "/embeddings"});
    assert_eq!(error["availability"]["constraint"], constraint);
    assert_eq!(
        error["message"],
        "`acme/embeds` does not answer this: POST /embeddings does"
    );
}

#[tokio::test]
async fn what_all_providers_said_is_one_word() {
    for (failure, status, code, retryable) in [
        (Failure::rate_limited(), 429, "capacity_exhausted", true),
        (Failure::overloaded(), 503, "temporarily_unavailable", true),
        (
            Failure::new(http::StatusCode::NOT_FOUND),
            404,
            "model_unavailable_upstream",
            false,
        ),
    ] {
        let house = House::open(2).await;
        for place in [0, 1] {
            house.script(place, Script::fail(failure.clone()));
        }
        let answer = house.ask(json!({})).await;
        assert_eq!(answer.status, status);
        let told = &answer.json()["error"]["availability"];
        assert_eq!(
            (&told["code"], &told["retryable"]),
            (&json!(code), &json!(retryable)),
            "{told}"
        );
        assert_eq!(told["requested_models"], json!(["acme/large"]));
    }
}

#[tokio::test]
async fn all_models_that_were_asked_for_are_named() {
    let house = House::open(1).await;
    house.script(0, Script::fail(Failure::overloaded()));
    let models = json!(["acme/large", "acme/lone"]);
    let answer = house
        .ask(json!({"model": "latest/large", "models": models}))
        .await;
    let told = &answer.json()["error"]["availability"];
    assert_eq!(
        told["requested_models"],
        json!(["latest/large", "acme/lone"]),
        "{answer:?}"
    );
}

/// A caller's own mistake is about no model.
#[tokio::test]
async fn other_errors_have_none() {
    let error = post(
        "/api/v1",
        CHAT,
        &json!({"model": "acme/talks", "messages": []}),
    )
    .await;
    assert_eq!(
        (&error["code"], error.get("availability")),
        (&json!(400), None)
    );
}

// === Helpers ===

const CHAT: &str = "/chat/completions";

async fn post(version: &str, path: &str, body: &Value) -> Value {
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    let router = Gateway::new(
        Stack::new(std::sync::Arc::new(catalog())),
        client::hyper::plain(),
    )
    .keys([KEY])
    .router();
    let request = http::Request::post(format!("{version}{path}"))
        .header("authorization", format!("Bearer {KEY}"))
        .body(axum::body::Body::from(body.to_string()));
    let answer = router.oneshot(request.unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice::<Value>(&body).unwrap()["error"].clone()
}

/// Nobody answers there, and nobody is asked.
fn catalog() -> Catalog {
    let price = Price::per_million("1").unwrap();
    let prices = Prices::unknown()
        .with(Rate::Prompt, price)
        .with(Rate::Completion, price);
    let endpoint = || EndpointSpec::new("acme", "m").with_prices(prices.clone());
    let embeds = Modalities::NONE.with(Modality::Embeddings);
    Catalog::builder()
        .provider(Provider::new(
            "acme",
            "http://127.0.0.1:9/v1".parse().unwrap(),
        ))
        .model(
            ModelSpec::new("acme/talks")
                .with_output(Modalities::TEXT)
                .endpoint(endpoint()),
        )
        .model(
            ModelSpec::new("acme/embeds")
                .with_output(embeds)
                .endpoint(endpoint()),
        )
        .model(
            ModelSpec::new("acme/embeds-and-talks")
                .with_output(embeds.with(Modality::Text))
                .endpoint(endpoint()),
        )
        .model(ModelSpec::new("acme/private").endpoint(endpoint().with_zdr(true)))
        .build()
        .unwrap()
}
