//! The stack inside an axum application, in two ways: as a routed service that speaks OpenAI's API, and as
//! state that a handler of one's own asks. `cargo run --example axum` needs no network.
//!
//! For OpenRouter's whole API (models, keys, generations) there is the feature `gateway`.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::error_handling::HandleError;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use http::{Request, Response};
use serde_json::{Value, json};
use switchtower::catalog::Catalog;
use switchtower::testing::{Script, Upstream};
use switchtower::wire::{Dialect, error};
use switchtower::{BoxError, Error, Kind, Stack, client};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

/// The stack around its client, in one box: a type that can be written down in `State`.
type Llm = BoxCloneSyncService<Request<Body>, Response<Body>, Error>;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (acme, beta) = (Upstream::start().await, Upstream::start().await);
    for provider in [&acme, &beta] {
        provider.script(Script::new().text("Five, then seven, then five again."));
    }
    let catalog = include_str!("catalog.toml")
        .replace("{acme}", &acme.base_url().to_string())
        .replace("{beta}", &beta.base_url().to_string());
    let catalog = Catalog::from_toml(&catalog, "catalog.toml", |_| None)?;

    let stack = Stack::new(Arc::new(catalog));
    let llm = ServiceBuilder::new()
        .map_response(|response: Response<_>| response.map(Body::new)) // axum's box for any body
        .service(stack.around(client::hyper::plain()));
    let llm = Llm::new(llm);

    // A route must always answer: so what the stack refuses, or nobody could answer, becomes a response.
    let refuse = |error| async { Refusal(error) };
    let app = Router::new()
        .route_service(
            "/v1/chat/completions",
            HandleError::new(llm.clone(), refuse),
        )
        .route("/haiku", get(haiku))
        .with_state(llm);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let at = format!("http://{}", listener.local_addr()?);
    let server = axum::serve(listener, app).into_future();

    let ask = async {
        let http = reqwest::Client::new();
        let haiku = http.get(format!("{at}/haiku")).send().await?;
        println!("GET /haiku: {}", haiku.text().await?);

        let chat = |json| http.post(format!("{at}/v1/chat/completions")).body(json);
        let asked = r#"{"model": "swift", "stream": true, "messages": [{"role": "user", "content": "hi"}]}"#;
        let answer = chat(asked).send().await?;
        println!("streamed, {}:\n{}", answer.status(), answer.text().await?);
        let answer = chat(r#"{"model": "swift""#).send().await?;
        println!("broken, {}: {}", answer.status(), answer.text().await?);
        Ok::<_, BoxError>(())
    };
    // The server would serve for ever.
    tokio::select! { asked = ask => asked, served = server => Ok(served?) }
}

/// Asks a model on the application's own account.
async fn haiku(State(llm): State<Llm>) -> Result<String, Refusal> {
    let ask = json!({"model": "swift", "messages": [{"role": "user", "content": "A haiku!"}]});
    let ask = Request::post("/v1/chat/completions").body(Body::from(ask.to_string()));
    // `oneshot` waits until the service is ready, then calls it.
    let answer = llm.oneshot(ask.expect("a fixed path")).await?;
    let answer = to_bytes(answer.into_body(), 1 << 20)
        .await
        .map_err(Error::from_inner)?;
    let answer: Value = serde_json::from_slice(&answer)
        .map_err(|source| Error::new(Kind::Malformed, "no JSON").with_source(source))?;
    let text = answer["choices"][0]["message"]["content"].as_str();
    Ok(text.unwrap_or_default().to_owned())
}

/// An error of the stack as OpenAI's SDKs know it: the status, and `{"error": {…}}`.
struct Refusal(Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> axum::response::Response {
        let dialect = Dialect::OpenAi;
        let body = error::envelope(&self.0, dialect, None);
        (error::status(&self.0, dialect), Json(body)).into_response()
    }
}
