//! The stack inside an axum application, in two ways: as a routed service that speaks OpenAI's API, and as
//! state that a handler of one's own calls. `cargo run --example axum` needs no network.

use std::sync::Arc;

use axum::body::Body;
use axum::error_handling::HandleError;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use switchtower::catalog::Catalog;
use switchtower::testing::{Script, Upstream};
use switchtower::wire::{Dialect, error};
use switchtower::{BoxError, Error, Stack, client};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// One box at the edge, so that the application need not spell the chain.
type Llm = BoxCloneSyncService<Request<Body>, Response<Body>, Error>;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let acme = Upstream::start().await;
    acme.script(Script::new().text("A haiku has five, then seven, then five again."));
    let catalog = Arc::new(Catalog::from_toml(&catalog(&acme), "example.toml", |_| {
        None
    })?);
    let chain = Stack::new(catalog).around(client::hyper::plain());
    let llm = Llm::new(ServiceExt::<Request<Body>>::map_response(chain, |r| {
        r.map(Body::new)
    }));

    let app = Router::new()
        .route_service(
            "/v1/chat/completions",
            HandleError::new(llm.clone(), refuse),
        )
        .route("/haiku", get(haiku))
        .with_state(llm);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, app).into_future();

    let ask = async {
        let http = reqwest::Client::new();
        let haiku = http
            .get(format!("http://{address}/haiku"))
            .send()
            .await?
            .text()
            .await?;
        println!("GET /haiku: {haiku}");
        let bad = http
            .post(format!("http://{address}/v1/chat/completions"))
            .body(r#"{"model":"#);
        let bad = bad.send().await?;
        println!("a broken request: {} {}", bad.status(), bad.text().await?);
        Ok::<_, BoxError>(())
    };
    tokio::select! { asked = ask => asked, served = server => Ok(served?) }
}

/// A handler that asks a model on its own account.
async fn haiku(State(llm): State<Llm>) -> Result<String, Refusal> {
    let body =
        json!({"model": "swift", "messages": [{"role": "user", "content": "A haiku, please."}]});
    let request = Request::post("/v1/chat/completions").body(Body::from(body.to_string()));
    let answer = llm
        .oneshot(request.expect("a fixed request"))
        .await
        .map_err(Refusal)?;
    let json = answer
        .into_body()
        .collect()
        .await
        .map_err(|e| Refusal(Error::from_inner(e)))?;
    let answer: Value = serde_json::from_slice(&json.to_bytes()).unwrap_or_default();
    Ok(answer["choices"][0]["message"]["content"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

/// Inside the stack errors stay typed; here, at the edge, each becomes a response.
struct Refusal(Error);

impl IntoResponse for Refusal {
    fn into_response(self) -> axum::response::Response {
        let dialect = Dialect::OpenAi;
        let body = error::envelope(&self.0, dialect, None);
        (error::status(&self.0, dialect), Json(body)).into_response()
    }
}

async fn refuse(error: Error) -> Refusal {
    Refusal(error)
}

fn catalog(acme: &Upstream) -> String {
    format!(
        r#"
        providers.acme.base_url = "{}"
        [[models.swift.endpoints]]
        provider = "acme"
        model = "swift-2"
        "#,
        acme.base_url()
    )
}
