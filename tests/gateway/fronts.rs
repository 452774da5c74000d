//! The gateway as one service and as a router: the same answers, however odd the question.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use switchtower::catalog::Catalog;
use switchtower::gateway::Gateway;
use switchtower::{Payload, Stack};
use tower::{ServiceExt, service_fn};

use crate::support::{KEY, chat};

const CATALOG: &str = r#"
    providers.acme.base_url = "http://acme.test/v1"
    [[models."acme/large".endpoints]]
    provider = "acme"
    model = "large"
    prices = { prompt = "1", completion = "2" }
"#;

const METHODS: [&str; 9] = [
    "POST", "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "CONNECT", "BREW",
];

const PATHS: [&str; 34] = [
    "/api/v1/chat/completions",
    "/v1/chat/completions",
    "/v1/completions",
    "/api/v1/embeddings",
    "/v1/chat/completions/",
    "/v1/chat/completions?stream=true&x=%00",
    "/v1/chat/completions?",
    "http://elsewhere.test/v1/chat/completions",
    "//v1/chat/completions",
    "/v1//chat/completions",
    "/v1/chat//completions",
    "/v1/chat%2Fcompletions",
    "/v1%2Fchat/completions",
    "/v1/%63hat/completions",
    "/V1/chat/completions",
    "/v1/chat/completions;v=1",
    "/v1/x/chat/completions",
    "/v1/../v1/chat/completions",
    "/api/api/v1/chat/completions",
    "/api/v1/v1/chat/completions",
    "/v1chat/completions",
    "/v2/chat/completions",
    "/v1/chat",
    "/v1",
    "/api/v1/",
    "/",
    "*",
    "/v1/models",
    "/api/v1/models?limit=1&offset=0",
    "/v1/models/",
    "/v1/models/acme%2Flarge",
    "/v1/models/%FF",
    "/v1/model/acme/large",
    "/v1/models/acme/large/endpoints",
];

/// A caller that is charged for the tokens of a picture sees that they are some.
#[tokio::test]
async fn tokens_of_images_are_told() {
    let ask = chat(json!({"provider": {}}));
    let key = format!("Bearer {KEY}");
    let ask = request("POST", "/v1/chat/completions", Some(&key), &ask).unwrap();
    let (_, headers, body) = told(gateway().service().oneshot(ask).await.unwrap()).await;
    assert_eq!(headers["content-type"], "application/json");
    let answer: Value = serde_json::from_str(&body).unwrap();
    let details = &answer["usage"]["completion_tokens_details"];
    assert_eq!(details["image_tokens"], 8);
    assert_eq!(answer["usage"]["completion_tokens"], 10);
}

#[tokio::test]
async fn both_answer_alike() {
    let right = format!("Bearer {KEY}");
    let ask = chat(json!({"provider": {}}));
    let twice = chat(json!({"messages": [{"role": "user", "content": "x".repeat(LIMIT)}]}));
    let bodies = [
        &*ask,
        "{",
        "",
        &twice,
        r#"{"model": "acme/large", "prompt": "hi"}"#,
    ];
    let mut answered = 0;
    for method in METHODS {
        // New ones, of which nothing has been measured that could differ.
        let (service, router) = (gateway().service(), gateway().router());
        for path in PATHS {
            for key in [None, Some("Bearer nobody"), Some(&*right)] {
                for body in bodies {
                    let odd = || request(method, path, key, body);
                    let Some(asked) = odd() else { continue };
                    let what = format!("{asked:?}");
                    let front = service.clone().oneshot(asked).await.unwrap();
                    let routed = router.clone().oneshot(odd().unwrap()).await.unwrap();
                    let (front, routed) = (told(front).await, told(routed).await);
                    assert_eq!(front, routed, "{what}");
                    answered += usize::from(front.0 == StatusCode::OK && method == "POST");
                }
            }
        }
    }
    // Chats at five spellings of where, and a completion.
    assert_eq!(answered, 6);
}

// === Helpers ===

/// Longer requests are refused.
const LIMIT: usize = 4096;

/// One whose provider always says the same.
fn gateway() -> Gateway {
    let catalog = Catalog::from_toml(CATALOG, "switchtower.toml", |_| None).unwrap();
    let client = service_fn(|_: Request<Payload>| async {
        let answer = json!({
            "id": "one", "created": 1, "model": "large",
            "choices": [{"index": 0, "text": "hi", "message": {"role": "assistant", "content": "hi"},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 10, "total_tokens": 13,
                      "completion_tokens_details": {"image_tokens": 8}},
        });
        let response = Response::builder().header("content-type", "application/json");
        let body = Full::new(Bytes::from(answer.to_string()));
        Ok::<_, Infallible>(response.body(body).unwrap())
    });
    let stack = Stack::new(Arc::new(catalog)).body_limit(LIMIT).seed(7);
    Gateway::new(stack, client).keys([KEY])
}

/// None if there can be no such request.
fn request(method: &str, path: &str, key: Option<&str>, body: &str) -> Option<Request<Body>> {
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(path)
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(key) = key {
        request = request.header("authorization", key);
    }
    request.body(Body::from(body.to_owned())).ok()
}

/// All of it but the name of the request, which is drawn.
async fn told(response: Response<Body>) -> (StatusCode, HeaderMap, String) {
    let (mut parts, body) = response.into_parts();
    // The router says how long it is; of what the front says that, the server does.
    if let Some(exact) = body.size_hint().exact() {
        let length = parts.headers.entry("content-length");
        length.or_insert(exact.into());
    }
    let body = body.collect().await.unwrap().to_bytes();
    let mut body = String::from_utf8(body.to_vec()).unwrap();
    if let Some(id) = parts.headers.get_mut("x-generation-id") {
        body = body.replace(id.to_str().unwrap(), "gen");
        *id = "gen".parse().unwrap();
    }
    (parts.status, parts.headers, body)
}
