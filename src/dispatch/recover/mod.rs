//! An answer that breaks after its first words is mended.
//!
//! ```text
//! acme:      "The sea " ─ "is cal" ─ ✗
//!                                    │ the caller has: The sea is cal
//! beta can go on with a text:        ├──▶ "m " ─ "tonight." ─ stop
//! gamma can only begin anew:         └──▶ "The " ─ "sea is calm " ─ "tonight." ─ stop
//!                                          ╰── not told again ─╯
//! the caller:  "The sea " ─ "is cal" ─────── "m " ─ "tonight." ─ stop ─ [DONE]
//! ```
//!
//! A stream breaks when it is cut or ends before its finish reason, when it stalls, or when it says that it failed.
//! Then another endpoint of the same model is asked for the rest. One with a [`prefill`](crate::wire::Prefill) is given what
//! the caller has, as the last message, to go on with, and a token limit that is less by as much (a guess; at least 1). Any
//! other is asked the whole question once more, and the caller hears of its answer what goes beyond the text that it has, if
//! all before is the same, byte by byte; how that is cut into events and spelled does not matter. If it differs, or if
//! nobody answers, the stream ends in an error event: that of the *first* failure, as it would without this layer.
//!
//! The seam cannot be seen: id, model and provider stay those of the first answer, its role is said once, and there is one
//! finish reason, one report of usage and one `[DONE]`. Every attempt is in the record with what it
//! [costs](crate::settle); the caller pays for one answer.
//!
//! ```
//! use std::sync::Arc;
//! use http_body_util::BodyExt;
//! use switchtower::testing::{Point, Script, Upstream};
//! use switchtower::{BoxError, Stack, catalog::Catalog, client, dispatch::recover::RecoverLayer};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! let (acme, beta) = (Upstream::start().await, Upstream::start().await);
//! acme.script(Script::new().text("The sea is calm tonight.").cut(Point::After(3)));
//! beta.script(Script::new().text("The sea is calm tonight."));
//! let catalog = Catalog::from_toml(&format!(r#"
//!     providers.acme.base_url = "{}"
//!     providers.beta.base_url = "{}"
//!     [[models.swift.endpoints]]
//!     provider = "acme"
//!     model = "swift-2"
//!     [[models.swift.endpoints]]
//!     provider = "beta"
//!     model = "swift-2"
//! "#, acme.base_url(), beta.base_url()), "switchtower.toml", |_| None)?;
//!
//! let stack = Stack::new(Arc::new(catalog)).recover(RecoverLayer::new().on(true));
//! let service = stack.around(client::hyper::plain());
//! let ask = r#"{"model": "swift", "stream": true, "provider": {"order": ["acme", "beta"]},
//!               "messages": [{"role": "user", "content": "Dover Beach?"}]}"#;
//! let ask = http::Request::post("/v1/chat/completions").body(ask.to_owned())?;
//! let answer = service.oneshot(ask).await?.into_body().collect().await?.to_bytes();
//! let answer = String::from_utf8_lossy(&answer);
//! assert!(answer.contains(r#""finish_reason":"stop""#) && !answer.contains("error"), "{answer}");
//! assert_eq!((acme.calls(), beta.calls()), (1, 1));
//! # Ok(()) }
//! ```
//!
//! Whether an answer is mended the request says (`x-switchtower-recover`), else the catalogue (`recover` of an endpoint or a
//! model), else the layer. It never is
//!
//! | where | because |
//! |---|---|
//! | tools are offered or called, or `response_format` is not `text` | halves of two answers make no valid whole |
//! | `n` is more than 1, or `logprobs`, audio, images or a search are asked for | it is not one text |
//! | it is a text completion, or no stream | it is not asked for by messages, or nothing has been promised yet |
//! | its text is longer than [`text_limit`](RecoverLayer::text_limit) | what is kept has a bound |
//! | the failure is the caller's or ours, or the time is over | nobody else could help |
//!
//! An answer that has thought, or was asked to, is begun anew: what was thought is no part of the text. The caller hears
//! the thoughts of the first attempt only, be they cut short. Where the caller has begun the answer itself, it is
//! begun anew likewise.
//!
//! Each time somebody is asked takes one of the [tries](crate::Call::tries) of the request and one retry from the
//! [budget](super::retry::Budgets) of who is asked. Endpoints that this request has not asked come first, the same one last, and those not at all that fell silent, asked to be left
//! alone or said something else.
//! An answer is mended [twice](RecoverLayer::times) at the most, within the time of the request.
//!
//! **When to use**: where callers read streams and cannot ask again themselves. **When it acts**: when a stream breaks; until
//! then each event passes as it is; the request is kept, and the text of the answer, as long as that could be mended at all. When dropped, it drops
//! whoever is under way and asks nobody else. **Order**: outside `fallback`, inside `settle`. Without `meter` inside nothing
//! is mended, since nobody knows what an event says; without `choose` the one service inside is asked again.

mod body;
mod future;
mod layer;
mod seam;
mod service;
mod shape;
mod told;
mod turn;
mod watch;

pub use self::body::Body;
pub use self::future::ResponseFuture;
pub use self::layer::RecoverLayer;
pub use self::service::Recover;
