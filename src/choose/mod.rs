//! Who can answer, and in what order?
//!
//! ```text
//! names ─▶ models ─▶ endpoints ─▶ filter ──────────▶ rank ─────────────▶ Plan
//!  variant  alias                  hard: removed       order, sort, tools, or the operator's strategy
//!  router   ~latest                soft: left out      own key ▸ tier ▸ sticky ▸ health ▸ measure ▸ price
//!                                  if others can       thresholds: moved to the end
//! ```
//!
//! [`plan`] is pure: the request, a catalogue snapshot, the standings, a seed and the time go in, a
//! [`Plan`](crate::Plan) or an explained refusal comes out. The semantics are OpenRouter's. Where it leaves something open, or
//! says two things, this holds.
//!
//! # Names
//!
//! | name | means |
//! |---|---|
//! | an id, an alias, a canonical slug | that model; letter for letter |
//! | `…:free`, `:extended`, `:thinking`, `:batch` | an entry of the catalogue of that name; there is no other way to make one |
//! | `…:nitro`, `…:floor`, `…:exacto` | the model, sorted by throughput (with `priority` endpoints), by price (with `flex` endpoints), by quality; of several the last holds |
//! | `…:online` | the model: it is accepted, and searches nothing |
//! | `~author/family-latest` | [`Catalog::latest`](crate::catalog::Catalog::latest) |
//! | `openrouter/auto` | of the models of the [`AutoRule`](crate::catalog::AutoRule) that can answer, the one for the task, or else the cheapest for this request; and two to fall back on |
//! | `openrouter/free` | any of the models that can answer for nothing, all as likely; and two to fall back on |
//!
//! Suffixes stand in any order. The catalogue's own names come first, whatever they look like. A model that is named twice
//! counts once, as it was named first; more than 64 are refused. What a router chooses can do *all* that the request asks for,
//! tools and forms of the answer included, as long as there is such a model.
//!
//! # Filters
//!
//! | field | removes | where it was open |
//! |---|---|---|
//! | of the [key](crate::keys::Rights): `allowed_models`, `allowed_providers` | other models, whatever name led to them; other providers | first of all |
//! | `only`, `ignore` | by a provider's slug or display name (its endpoints, but for those of a tier), or by an endpoint's tag (that one) | slugs are spelled as they are, display names in any case |
//! | `data_collection`, `zdr`, `enforce_distillable_text` | what does not promise it | |
//! | `quantizations` | what is not in it, families included; who says nothing is `unknown` | |
//! | `max_price` | what is dearer, at the price in force for this prompt now | unknown is not free; audio without a price of its own is part of the prompt |
//! | `model` | what has no price, if the catalogue [denies](crate::catalog::UnknownPrices::Deny) that | |
//! | `require_parameters` | what does not list each parameter | what counts as one, and as asked for, [`View::parameters`](crate::wire::View::parameters) and [`Fields::unmet_by`](crate::wire::Fields::unmet_by) say |
//! | `messages` | what does not read its forms, or has too small a context | its text has a token in six bytes at least, in 24 if it is not in ASCII; of pictures and the like none is counted |
//! | `max_tokens` | what does not write as many, or has no room for them | |
//! | `modalities` | what does not write these forms | |
//! | `service_tier` | tiers nobody asked for; with `flex`, all others if there is one | `only` and `order` let a tier in by its tag |
//! | `tools`, `response_format`, `verbosity` | what does not list it, if another endpoint of the model does | who lists nothing is given the benefit of the doubt; a schema prefers `structured_outputs` |
//!
//! # Order
//!
//! The first that applies decides the measure:
//!
//! 1. `order`: as listed, then the others by price.
//! 2. `sort`; or else a variant's; or else the tier's (`priority` by throughput, `flex` by price).
//! 3. `tools`, where the operator has not chosen a strategy: the good, those of unknown quality, the poor; drawn by price
//!    within each. (`:exacto` and `sort: "exacto"`: the same classes, and in each by the share of faulty answers.)
//! 4. The [`Strategy`](crate::catalog::Strategy) of the model, by default a draw.
//!
//! Before the measure come, from the strongest:
//!
//! | rule | where it was open |
//! |---|---|
//! | thresholds: those that miss one last of all, even behind another model | what nobody has measured comes between; who is in `order` or has an own key counts as the best of its model |
//! | models in the order of their names, unless a sort has the partition `"none"` | a partition without a sort says nothing, nor does one where the models' variants sort differently |
//! | [keys of the caller's own](crate::keys::ProviderKey) first, each after the other; those to fall back on last of their model | also before `order`; an endpoint that can be asked with one stands there once for each, and once more as everybody's |
//! | own keys first | also before `order`; `allow_fallbacks: false` still cuts to `order` |
//! | the tier that was asked for | not before `order` |
//! | whoever has answered the conversation | also before a `sort`, not before `order`; not while it is out or down; under [`ExpectedCost`](crate::catalog::Strategy::ExpectedCost) its warm cache counts as the price it has instead |
//! | normal, degraded, down, out in the last thirty seconds ([`Standing`](crate::standing::Standing)), without room for this request under the rate limits that are known | also under a sort |
//!
//! * The one price of an endpoint is three parts prompt and one part completion, at the prices in force, and what a token of
//!   this request has to bear of a price per request.
//! * All that do well and have a known price take part in the draw. Free ones come first, drawn evenly among
//!   themselves. One of unknown price comes after all that are known. Where none is
//!   known, as of servers of one's own, the draw is even. The others follow by price.
//! * Where the order is by what was measured, one request in twenty goes to an endpoint that nobody has measured, if it does
//!   well and there is a fallback.
//! * `allow_fallbacks: false` leaves the endpoints in `order`, or without one the first of the plan.
//! * What counts as poor is told from the median of at least four endpoints (1.5 standard deviations for throughput, 2 for
//!   valid calls of tools and for scores), and the deviation is a sixteenth of it at least for throughput, a hundredth for the
//!   others.
//!
//! # Conversations
//!
//! A conversation is known by `session_id`, or `x-session-id`, or `prompt_cache_key`, or how it began (the first message
//! that instructs and the first that does not: 256 bytes at either end of each). With a session id any answer makes it stay,
//! otherwise one that read from a cache that saves something. [`Sticky`](crate::standing::Sticky) remembers it for ten
//! minutes, per tenant and model; through a router, the model stays as well.
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

mod ask;
mod cost;
mod entry;
mod filter;
mod layer;
mod models;
mod operation;
mod planner;
mod rank;
mod refusal;
mod service;
mod sticky;
mod turns;

pub use self::ask::Ask;
pub use self::layer::ChooseLayer;
#[cfg(feature = "gateway")]
pub(crate) use self::models::model;
pub use self::planner::plan;
pub use self::service::Choose;
