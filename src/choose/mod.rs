//! Who can answer, and in what order?
//!
//! ```text
//! model, models ─▶ endpoints ─▶ filter ─▶ rank ─▶ Plan
//!                               only       order, or sort, or
//!                               ignore     drawn by 1/price² among the steady ones,
//!                               max_price  the others by price, those that failed recently last
//! ```
//!
//! [`plan`] is pure: the request's view, a catalogue snapshot, the standings, a seed and `now` go in,
//! a [`Plan`](crate::Plan) or an explained refusal comes out. The semantics are OpenRouter's; where it leaves
//! something open, this holds:
//!
//! * The one price of an endpoint is three parts prompt and one part completion.
//! * An outage is half of the attempts of the last thirty seconds, see
//!   [`Standing::is_steady`](crate::standing::Standing::is_steady).
//! * All steady endpoints of known price take part in the draw. Free ones come first, drawn evenly
//!   among themselves. One of unknown price comes after all that are known: unknown is not free. Where none is
//!   known, as of servers of one's own, the draw is even.
//! * Names in `order`, `only` and `ignore` match a provider's slug (all its endpoints), an endpoint's
//!   slug (that one) or a provider's display name, whatever its case. `order` comes before `sort`.
//! * `allow_fallbacks: false` leaves the endpoints in `order`, or without one the first of the plan.
//! * A name that stands twice in `models` counts once.
//!
//! ```
//! use std::sync::Arc;
//! use switchtower::{Call, Payload, catalog::Catalog, choose::ChooseLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let catalog = Catalog::from_toml(r#"
//!     [providers.acme]
//!     name = "Acme"
//!     base_url = "https://api.acme.example/v1"
//!     [models."acme/swift"]
//!     name = "Acme: Swift"
//!     [[models."acme/swift".endpoints]]
//!     provider = "acme"
//!     model = "swift-2"
//!     prices = { prompt = "0.15", completion = "0.60" }
//! "#, "switchtower.toml", |_| None)?;
//! let client = service_fn(|request: http::Request<Payload>| async move {
//!     let call = request.extensions().get::<Call>().unwrap();
//!     let plan = call.plan().unwrap();
//!     Ok::<_, std::convert::Infallible>(http::Response::new(plan.candidates[0].endpoint.tag().to_owned()))
//! });
//! let service = ServiceBuilder::new().layer(ChooseLayer::new(Arc::new(catalog))).service(client);
//!
//! let payload = Payload::read(r#"{"model":"acme/swift","messages":[{"role":"user","content":"hi"}]}"#)?;
//! assert_eq!(service.oneshot(http::Request::new(payload)).await?.body(), "acme");
//! # Ok(()) }
//! ```
//!
//! **When to use**: where there is more than one place to ask. **When it acts**: once, in `call`,
//! never in `poll_ready`, because the answer depends on the request; it holds nothing that a drop would have
//! to give back. **Order**: inside `read`,
//! outside `settle` and `fallback`.

mod filter;
mod layer;
mod planner;
mod rank;
mod refusal;
mod service;

pub use self::layer::ChooseLayer;
pub use self::planner::plan;
pub use self::service::Choose;
