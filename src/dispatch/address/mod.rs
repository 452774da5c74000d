//! Payload + candidate = one upstream request.
//!
//! ```text
//! POST /api/v1/chat/completions          POST https://api.acme.example/v1/chat/completions
//! authorization: Bearer <caller's>   ─▶  authorization: Bearer <the provider's, from configuration>
//! cookie: …                              (nothing that is not on the allow-list)
//! {"model":"acme/swift",                 {"model":"swift-2",
//!  "provider":{…},"stream":true}          "stream":true,"stream_options":{"include_usage":true}}
//! ```
//!
//! Every edit of the body is one splice: what is not edited stays byte-exact, and messages are never
//! parsed. The upstream's URL comes from the catalogue alone. Of the caller's headers only those on
//! [`FORWARDED`](crate::wire::headers::FORWARDED) go on; credentials and hop-by-hop headers never do.
//!
//! A parameter that the endpoint does not support is left out, if the endpoint says which it supports:
//!
//! | sent | to an endpoint that supports | goes on as |
//! |---|---|---|
//! | any of [`Fields::PARAMETERS`](crate::wire::Fields::PARAMETERS) | others | nothing |
//! | `tool_choice`, `parallel_tool_calls` | no `tools` | nothing: they would speak of none |
//! | `max_tokens`, `max_completion_tokens` | the other of the two | the other, with the limit that [`View::max_output`](crate::wire::View::max_output) tells |
//! | `max_tokens`, `max_completion_tokens` | neither | as it is: a limit that is lost costs money |
//! | `reasoning`, `reasoning_effort` | the other of the two | the other, with the effort that it names, or else `medium` |
//! | `response_format` of a schema | `structured_outputs` | as it is |
//! | `service_tier` | the tier of its tag | that tier |
//! | `service_tier`: `flex`, `priority`, `fast` | no tier | nothing: it is asked, and billed, as everybody is |
//! | `service_tier`: anything else | no tier | as it is |
//!
//! Where an answer broke and its rest is asked for ([`recover`](super::recover)), an endpoint with a
//! [`prefill`](crate::wire::Prefill) is given what the caller has of it, and a limit that is less by as much.
//!
//! Without a plan ([`choose`](crate::choose) absent) the request goes on as it is.
//!
//! ```
//! use std::sync::Arc;
//! use switchtower::{BoxError, Payload, catalog::Catalog, choose::ChooseLayer, dispatch::address::AddressLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! let catalog = Catalog::from_toml(r#"
//!     providers.acme.base_url = "https://api.acme.example/v1"
//!     [[models."acme/swift".endpoints]]
//!     provider = "acme"
//!     model = "swift-2"
//! "#, "switchtower.toml", |_| None)?;
//! // It sends nothing, and answers with what it would have sent.
//! let client = service_fn(|request: http::Request<Payload>| async move {
//!     let url = request.uri().to_string();
//!     Ok::<_, std::convert::Infallible>(http::Response::new((url, request.into_body())))
//! });
//! let service = ServiceBuilder::new()
//!     .layer(ChooseLayer::new(Arc::new(catalog)))
//!     .layer(AddressLayer::new())
//!     .service(client);
//!
//! let payload = Payload::read(r#"{"model":"acme/swift","provider":{"sort":"price"},"seed":1}"#)?;
//! let request = http::Request::post("/api/v1/chat/completions").body(payload)?;
//! let (url, body) = service.oneshot(request).await?.into_body();
//! assert_eq!(url, "https://api.acme.example/v1/chat/completions");
//! assert_eq!(body.bytes(), r#"{"model":"swift-2","seed":1}"#);
//! # Ok(()) }
//! ```
//!
//! **When to use**: wherever `choose` makes a plan. **When it acts**: once per attempt, in `call`; it holds
//! nothing, so its future, when dropped, drops what is inside and no more. **Order**: innermost, around the client: under
//! `fallback`, since each candidate has its own URL, and under `meter`, for which it asks the upstream for usage.

mod headers;
mod layer;
mod reasoning;
mod rewrite;
mod service;
mod uri;

pub use self::layer::AddressLayer;
pub use self::service::Address;
