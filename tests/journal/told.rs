//! What callers are told when their requests cannot be written down: that it passes, in the words of their protocol.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use switchtower::catalog::Catalog;
use switchtower::gateway::Gateway;
use switchtower::settle::store::StoreError;
use switchtower::testing::Upstream;
use switchtower::{Stack, client};
use tower::ServiceExt;

use crate::support::{Shaky, open, settings};

/// It was a 500, "internal": an SDK gave up, and the operator looked for a mistake in the gateway.
#[tokio::test]
async fn a_store_that_fails_is_a_503_in_the_callers_protocol() {
    let failures: [(&str, Why); 3] = [
        ("away", || StoreError::Away("10.0.0.7: no route".into())),
        ("full", || StoreError::Full("10.0.0.7: no space".into())),
        ("other", || StoreError::Other("10.0.0.7: no table".into())),
    ];
    let acme = Upstream::start().await;
    for (number, (name, why)) in (0..).zip(failures) {
        let (store, gateway) = gateway(&acme).await;
        store.fail(why);
        let (head, error) = refused(ask(&gateway, "/api/v1/chat/completions").await).await;
        assert_eq!(head.status, 503, "{name}");
        assert_eq!(head.headers["retry-after"], "1", "{name}");
        assert_eq!(head.headers["x-should-retry"], "true", "{name}");
        assert_eq!(error["code"], 503, "{name}");
        assert_eq!(error["metadata"]["error_type"], "server", "{name}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("the ledger"), "{name}: {message}");
        assert!(!error.to_string().contains("10.0.0.7"), "{name}: {error}");

        let (head, error) = refused(ask(&gateway, "/v1/chat/completions").await).await;
        assert_eq!(head.status, 503, "{name}");
        assert_eq!(error["type"], "server_error", "{name}");
        assert_eq!(error["code"], "ledger_away", "{name}");
        assert_eq!(acme.calls(), number, "{name}: nobody was asked");

        store.work();
        // It has passed; as soon as the writer has tried again.
        let answer = loop {
            let answer = ask(&gateway, "/v1/chat/completions").await;
            if answer.status() == 200 {
                break answer;
            }
        };
        answer.into_body().collect().await.unwrap();
    }
}

// === Helpers ===

type Why = fn() -> StoreError;

async fn gateway(acme: &Upstream) -> (Arc<Shaky>, axum::Router) {
    let store = Shaky::new();
    // The one clock that passes here for real: what the last frame and the hold wait.
    let settings = settings().patience(Duration::from_millis(200));
    let journal = open(&store, settings);
    let text = format!(
        r#"
        providers.acme.base_url = "{}"
        [[models.swift.endpoints]]
        provider = "acme"
        model = "swift-2"
        "#,
        acme.base_url()
    );
    let catalog = Catalog::from_toml(&text, "switchtower.toml", |_| None).unwrap();
    let stack = Stack::new(Arc::new(catalog)).with_ledger(journal);
    let gateway = Gateway::new(stack, client::hyper::plain());
    (store, gateway.keys(["sk-or-v1-secret"]).router())
}

async fn ask(gateway: &axum::Router, path: &str) -> Response {
    let body = json!({"model": "swift", "messages": [{"role": "user", "content": "hi"}]});
    let ask = Request::post(path)
        .header("authorization", "Bearer sk-or-v1-secret")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    gateway.clone().oneshot(ask).await.unwrap()
}

async fn refused(answer: Response) -> (http::response::Parts, Value) {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    (head, body["error"].take())
}
