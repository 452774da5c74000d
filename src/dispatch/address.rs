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
//! [`FORWARDED`] go on; credentials and hop-by-hop headers never do.
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

use std::task::{Context, Poll};

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::uri::Uri;
use http::{Method, Request};
use tower_layer::Layer;
use tower_service::Service;

use crate::call::Call;
use crate::early::Early;
use crate::error::{BoxError, Error};
use crate::kind::Kind;
use crate::payload::Payload;
use crate::plan::Candidate;
use crate::wire::headers::FORWARDED;
use crate::wire::{Edits, Field, Operation, View};

/// What OpenRouter understands and a provider may refuse.
const NOT_FOR_UPSTREAMS: [Field; 10] = [
    Field::Models,
    Field::Route,
    Field::Provider,
    Field::Usage,
    Field::SessionId,
    Field::Trace,
    Field::Debug,
    Field::Plugins,
    Field::Preset,
    Field::Transforms,
];

/// Addresses a request to the candidate whose turn it is. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AddressLayer {}

/// The service of [`AddressLayer`].
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Address<S> {
    inner: S,
}

// === impl AddressLayer ===

impl AddressLayer {
    /// Has no settings: everything is in the plan.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S> Layer<S> for AddressLayer {
    type Service = Address<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Address { inner }
    }
}

// === impl Address ===

impl<S> Service<Request<Payload>> for Address<S>
where
    S: Service<Request<Payload>>,
    S::Error: Into<BoxError> + 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Future = Early<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    fn call(&mut self, mut request: Request<Payload>) -> Self::Future {
        let mut call = Call::of(request.extensions_mut()).clone();
        let Some(candidate) = call.candidate().cloned() else {
            return Early::Admitted(self.inner.call(request));
        };
        let metered = call.attempt(crate::clock::now).is_metered();
        match addressed(request, &call, &candidate, metered) {
            Ok(request) => Early::Admitted(self.inner.call(request)),
            Err(error) => Early::refuse(error),
        }
    }
}

fn addressed(
    request: Request<Payload>,
    call: &Call,
    candidate: &Candidate,
    metered: bool,
) -> Result<Request<Payload>, Error> {
    let (parts, payload) = request.into_parts();
    let caller = call.headers().unwrap_or(&parts.headers);
    let stream = payload.view().stream();

    let mut addressed = Request::new(body(&payload, candidate, metered));
    *addressed.method_mut() = Method::POST;
    *addressed.extensions_mut() = parts.extensions;
    *addressed.uri_mut() = uri(candidate, parts.uri.path())?;
    *addressed.headers_mut() = headers(caller, candidate, stream);
    Ok(addressed)
}

/// The body for this candidate, by one splice.
fn body(payload: &Payload, candidate: &Candidate, metered: bool) -> Payload {
    let view: &View = payload.view();
    let model = candidate.endpoint.upstream_model_json();
    let edits = Edits::new(view)
        .remove_all(&NOT_FOR_UPSTREAMS)
        .set(Field::Model, model);
    let edits = match metered && view.stream() {
        true => edits.ask_for_usage(),
        false => edits,
    };
    Payload::spliced(edits.apply(payload.bytes()))
}

/// The provider's base, and what of the caller's path comes after its version: a provider may keep
/// its API elsewhere than under `/v1`.
fn uri(candidate: &Candidate, path: &str) -> Result<Uri, Error> {
    let provider = candidate.endpoint.provider();
    let operation = path
        .rsplit_once("/v1/")
        .map_or(path.trim_start_matches('/'), |(_, rest)| rest);
    // A request that was made without a path means what nearly all do.
    if operation.is_empty() || operation == Operation::Chat.path() {
        return Ok(provider.chat_url().clone());
    }
    if !operation.split('/').all(is_sound) {
        let message = "no provider has an operation of this name";
        return Err(Error::new(Kind::NotFound, message));
    }
    provider
        .base_url()
        .join(&format!("/{operation}"))
        .map_err(|source| {
            Error::new(Kind::Internal, "the upstream's URL cannot be built").with_source(source)
        })
}

/// Does this part of a path lead only forward? The provider's key goes with the request, so it must
/// not go where the caller likes.
fn is_sound(part: &str) -> bool {
    part != "." && part != ".." && !part.contains(['%', '\\'])
}

fn headers(caller: &HeaderMap, candidate: &Candidate, stream: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    for name in &FORWARDED {
        for value in caller.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    let accept = if stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in candidate.endpoint.provider().headers() {
        headers.insert(name, value.clone());
    }
    headers
}
