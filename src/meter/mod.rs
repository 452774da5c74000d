//! Watch what comes back: usage, first token, throughput, finish.
//!
//! ```text
//! upstream ─ chunk ─ chunk ─▶ one scan ─▶ event ─ event ─ event ─▶ the caller, byte for byte
//!                                │
//!                                ▼
//!      Attempt: headers · first content · content so far · finish reason · usage · how it ended
//! ```
//!
//! The bytes of an answer pass through untouched, and are scanned once. On an event stream every
//! frame that leaves is exactly one whole event: so that the layers around may stop between two of
//! them, and a caller never holds half a line of an answer that broke. An answer that is not 2xx
//! becomes an [`Error`](crate::Error), with its status, `Retry-After` and at most 64 KiB of its body read; so does
//! an error inside a 200, an end before the finish reason, and a document without a choice, unless it is a
//! list. An event that is no JSON is left out and [counted](crate::Found::malformed_events), if the next
//! one makes sense; two in a row, the ninth, or one at the end fail the answer.
//!
//! A provider may say what it bills, and in which tier it has answered:
//!
//! | member of the answer | is | of |
//! |---|---|---|
//! | `usage.cost` | USD | OpenRouter, and those who follow it |
//! | `usage.cost.total_cost` | USD | Perplexity |
//! | `usage.cost_details.upstream_inference_cost` | what somebody else bills beside it, if `usage.is_byok`, else the same; USD | OpenRouter |
//! | `usage.cost_in_usd_ticks` | 10⁻¹⁰ USD | [xAI](https://docs.x.ai/developers/cost-tracking) |
//! | `service_tier`, `usage.service_tier` | the tier | OpenAI; Anthropic |
//!
//! Amounts are read from their decimal text, and what is beyond the twelfth decimal is rounded once.
//!
//! Where `meter` watches, `address` asks the upstream for stream usage. A caller who did not ask for
//! it does not see the event that carries it, unless
//! [`MeterLayer::always_usage`] says so.
//!
//! Where the request offers tools, the calls of an answer that ends in calls are judged, as OpenRouter judges those of a
//! provider: a call is bad if its arguments are no JSON, if no tool has its name, or if the arguments plainly do not
//! fit the tool's JSON Schema. Of a schema the common keywords of draft 7 are looked at, and never a reference; what is not
//! looked at is met. The caller's own schema must not stop the clock, so no more than 10,000 comparisons are made.
//! An answer with more than 128 calls, or 64 KiB of them, is not judged, nor one to more than 256 KiB of tools.
//!
//! ```
//! use http_body_util::Full;
//! use switchtower::{Call, Payload, meter::MeterLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use http_body_util::BodyExt;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), switchtower::Error> {
//! let client = service_fn(|_: http::Request<Payload>| async {
//!     let body = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
//!                    "usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}"#;
//!     Ok::<_, std::convert::Infallible>(http::Response::new(Full::from(body)))
//! });
//! let metered = ServiceBuilder::new().layer(MeterLayer::new()).service(client);
//!
//! let response = metered.oneshot(http::Request::new(Payload::default())).await?;
//! let call = response.extensions().get::<Call>().cloned().unwrap();
//! response.into_body().collect().await?;
//! assert_eq!(call.last().unwrap().found().usage.unwrap().prompt_tokens(), 9);
//! # Ok(()) }
//! ```
//!
//! **When to use**: always; without it nobody knows content from noise. **When it acts**: on every
//! frame; when dropped before the end, it reads the events that have come, and the attempt was cancelled
//! unless they end the answer. **Order**: the innermost but `address`, under `deadline`, which also
//! bounds the reading of an error body.

mod body;
mod calls;
mod cost;
mod events;
mod expected;
mod fit;
mod future;
mod judge;
mod layer;
mod service;
mod usage;
mod whole;

pub use self::body::Body;
pub use self::future::ResponseFuture;
pub use self::layer::MeterLayer;
pub use self::service::Meter;
pub use self::usage::read as read_usage;
