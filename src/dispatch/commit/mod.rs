//! Nothing is promised before the first content token.
//!
//! ```text
//! upstream:  200 ─ role ─ : ping ─ "" ─┬─ "Hel" ─ "lo" ─ ✗
//!                 held back            │ the caller sees headers, and all of it, from here on
//!            any failure is an Err ◀───┴───▶ any failure is one error chunk, then [DONE]
//! ```
//!
//! The future resolves once the first *content* event is in hand: text, a tool call or reasoning;
//! comments, role-only and empty deltas do not count. An answer that is no event stream is held until
//! it is whole. After that an event stream ends in exactly one of two ways: finish reason, then
//! `[DONE]`; or one chunk with `error` and `finish_reason: "error"`, then `[DONE]`. A truncated answer
//! never looks complete. Where [`recover`](super::recover) watches a stream, a failure after content is an `Err` of its body,
//! for it to mend.
//!
//! ```
//! use http_body_util::Full;
//! use switchtower::{Payload, dispatch::commit::CommitLayer, meter::MeterLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let client = service_fn(|_: http::Request<Payload>| async {
//!     let body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n";
//!     let mut response = http::Response::new(Full::from(body));
//!     let kind = "text/event-stream".parse().unwrap();
//!     response.headers_mut().insert("content-type", kind);
//!     Ok::<_, std::convert::Infallible>(response)
//! });
//! let stack = ServiceBuilder::new().layer(CommitLayer::new()).layer(MeterLayer::new()).service(client);
//!
//! // The stream ended without a word: an error, though the status was 200.
//! let error = stack.oneshot(http::Request::new(Payload::default())).await.unwrap_err();
//! assert_eq!(error.kind(), switchtower::Kind::Truncated);
//! # }
//! ```
//!
//! **When to use**: always, under anything that asks again. **When it acts**: once, at the first
//! content; when dropped, it drops the upstream's body at once. **Order**: outside `deadline`, whose
//! first-token clock bounds the wait, and outside `meter`, which tells content from noise; without
//! `meter` the first byte counts as content.

mod body;
mod future;
mod layer;
mod queue;
mod service;

pub use self::body::Body;
pub use self::future::ResponseFuture;
pub use self::layer::{Bounds, CommitLayer};
pub use self::service::Commit;
