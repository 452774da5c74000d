//! The front door: OpenRouter's HTTP API as an axum `Router`.
//!
//! ```text
//!                             ┌ 401 ┐           ┌────────── the stack ──────────┐
//! POST …/chat/completions ─▶ key ─▶ call id ─▶ read ▸ choose ▸ settle ▸ … ▸ client
//!                                                             │
//!              in the caller's protocol ◀── retell ◀──────────┘
//!              id gen-…, provider, served model, usage.cost, X-Generation-Id
//! ```
//!
//! | route, under `/api/v1` and `/v1` | answers |
//! |---|---|
//! | `POST /chat/completions` | a chat completion, JSON or an event stream |
//! | `POST /completions` | a text completion, JSON or an event stream |
//! | `POST /embeddings` | embedding vectors |
//! | `GET /models` | the catalogue, in OpenRouter's shape |
//! | `GET /models/{id}` | one model of it, as OpenAI's SDKs retrieve it |
//! | `GET /models/{author}/{slug}/endpoints` | who serves it, and at what price |
//! | `GET /generation?id=gen-…` | what remains of a request: attempts, tokens, cost, timings |
//!
//! Under `/api/v1` errors have OpenRouter's shape (`code` is an integer), under `/v1` OpenAI's (`type`,
//! `param`, and a `code` that is a string or null), because strict clients of the one fail on the other's.
//! Every stream carries exactly one usage chunk, with `choices: []`, before `[DONE]`, asked for or not, as
//! OpenRouter's do; a stream that broke ends in its error chunk instead.
//!
//! ```
//! use std::sync::Arc;
//! use switchtower::{BoxError, Stack, catalog::Catalog, client, gateway::Gateway};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! # let text = r#"
//! # [providers.acme]
//! # base_url = "https://api.acme.example/v1"
//! # [models."acme/swift"]
//! # [[models."acme/swift".endpoints]]
//! # provider = "acme"
//! # model = "swift-2"
//! # "#;
//! # let catalog = Arc::new(Catalog::from_toml(text, "switchtower.toml", |_| None)?);
//! let gateway = Gateway::new(Stack::new(catalog), client::hyper::plain())
//!     .keys(["sk-or-v1-secret"]);
//! let app: axum::Router = gateway.router();
//!
//! let ask = http::Request::get("/v1/models").header("authorization", "Bearer sk-or-v1-secret");
//! let answer = app.oneshot(ask.body(axum::body::Body::empty())?).await?;
//! assert_eq!(answer.status(), 200);
//! # Ok(()) }
//! ```
//!
//! [`serve`] runs the router on a listener, with `TCP_NODELAY`, bounds on headers and connections, and a
//! shutdown that lets streams finish, for a while. A caller that is refused while it still sends may send on:
//! it is told so, and not reset.
//!
//! **When to use**: to serve applications that speak OpenAI's or OpenRouter's API; within one application the
//! [`Stack`](crate::Stack) is enough. **When it acts**: once per request, and on every event of a stream, which it
//! retells; a caller that hangs up drops its answer, and with it everything inside. **Order**: outermost. Layers of
//! your own go around the `Router`, or around the client.

mod ask;
mod closing;
mod generation;
mod linger;
mod models;
mod pricing;
mod refuse;
mod retell;
mod router;
mod serve;
mod stall;
mod usage;

pub use self::router::Gateway;
pub use self::serve::{Bounds, serve};
