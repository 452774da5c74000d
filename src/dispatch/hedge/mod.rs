//! A second endpoint, when the first one is late.
//!
//! ```text
//! acme  ├──────── no token yet ────────┬─────────────── … ✗ superseded: its connection is closed
//!       │   later than 19 in 20 of its │
//!       │   answers: ask beta as well  │
//! beta                                 ├──── "Hel" ─ "lo" ─ …
//!                                             └ the first content wins, and the caller sees this alone
//! ```
//!
//! A provider that is usually quick has bad minutes, and the slowest answer in a hundred takes ten times as long as most
//! ("The Tail at Scale", Dean and Barroso, 2013). So once the first token is later than nineteen in twenty of this
//! endpoint's answers of the last five minutes (as far as [`HedgeLayer::floor`] and [`HedgeLayer::cap`] allow; the
//! cap, where there were fewer than twenty), the next candidate that serves the same model is asked the same. The first to
//! have content in hand answers, the other one is dropped, which cancels its upstream call at once, with
//! [`End::Superseded`](crate::End::Superseded). If one fails, the other goes on alone. If both do, [`fallback`](super::fallback)
//! goes on after both of them.
//!
//! Both providers may bill. The caller pays for the one that answered; what the other one costs, by the best evidence, is in
//! the [`Record`](crate::settle::Record). So nothing is hedged unless somebody asks for it: `hedge = true` of a model in
//! the catalogue, [`HedgeLayer::all`], or the request, where it is [`Allowed`](crate::Allowed) to. And it is bounded: a hedge is one
//! try of the request, and one retry of the [budget](super::retry::Budget) of the provider that it burdens, which first
//! questions earn a fifth of each; a provider that is left alone is not asked. What was superseded teaches its
//! endpoint nothing but that its first token took longer than that, and only if it was late.
//!
//! Only streams are hedged: a document comes when it is written, so that lateness says how long it is, and two of
//! them would always be billed whole.
//!
//! ```
//! use std::sync::Arc;
//! use http_body_util::BodyExt;
//! use switchtower::dispatch::hedge::HedgeLayer;
//! use switchtower::testing::{Script, Upstream};
//! use switchtower::{BoxError, End, Stack, catalog::Catalog, client};
//! use std::time::Duration;
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! let (acme, beta) = (Upstream::start().await, Upstream::start().await);
//! acme.script(Script::new().text("late").first_token(Duration::from_secs(5)));
//! beta.script(Script::new().text("Hello!"));
//! let catalog = Catalog::from_toml(&format!(r#"
//!     providers.acme.base_url = "{}"
//!     providers.beta.base_url = "{}"
//!     [models.swift]
//!     hedge = true
//!     [[models.swift.endpoints]]
//!     provider = "acme"
//!     model = "swift-2"
//!     [[models.swift.endpoints]]
//!     provider = "beta"
//!     model = "swift-2"
//! "#, acme.base_url(), beta.base_url()), "switchtower.toml", |_| None)?;
//!
//! // Nobody knows yet how long they usually take.
//! let stack = Stack::new(Arc::new(catalog)).hedge(HedgeLayer::new().cap(Duration::from_millis(50)));
//! let ask = r#"{"model": "swift", "stream": true, "provider": {"order": ["acme", "beta"]},
//!               "messages": [{"role": "user", "content": "hi"}]}"#;
//! let ask = http::Request::post("/v1/chat/completions").body(ask.to_owned())?;
//! let answer = stack.around(client::hyper::plain()).oneshot(ask).await?.into_body().collect().await?.to_bytes();
//! assert!(String::from_utf8_lossy(&answer).contains("Hello!"));
//!
//! let record = &stack.ledger().records()[0];
//! let ends: Vec<_> = record.attempts.iter().map(|attempt| (attempt.tag().unwrap(), attempt.end)).collect();
//! assert_eq!(ends, [("acme", End::Superseded), ("beta", End::Complete)]);
//! # Ok(()) }
//! ```
//!
//! **When to use**: for people who wait before a screen, and models with more than one endpoint; needs `choose`, whose
//! plan says who is next. **When it acts**: once per candidate, when its first token is late. When dropped, it drops both
//! attempts. **Order**: inside `fallback`, so that it goes on after both; outside `retry`, so that each has its own
//! tries, and outside `commit`, which tells when there is content: without it the first headers win.

mod future;
mod layer;
mod policy;
mod service;

pub use self::future::ResponseFuture;
pub use self::layer::HedgeLayer;
pub use self::policy::wait;
pub use self::service::Hedge;
