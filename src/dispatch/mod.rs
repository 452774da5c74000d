//! Ask until one answers.
//!
//! ```text
//! recover ▸ fallback ▸ hedge ▸ retry ▸ gate ▸ commit ▸ deadline ▸ (meter) ▸ address ▸ your client
//!    │          │         │       │       │      │         │                  └ payload + candidate = one upstream request
//!    │          │         │       │       │      │         └ headers · first token · idle · pace · total
//!    │          │         │       │       │      └ an Err until the first content token is in hand, an in-band event after it
//!    │          │         │       │       └ not now: whoever fails is left alone for a while
//!    │          │         │       └ the same candidate again, after a backoff, within a budget
//!    │          │         └ a second one, when the first token is late
//!    │          └ the next candidate
//!    └ the rest of an answer that broke after its first words
//! ```
//!
//! `commit` makes the difference: every failure before the first content token is an `Err`, so that
//! [`retry`] and [`fallback`] are one loop each over a `Result`, and never see a body. What breaks later [`recover`] mends, if it
//! can be mended.
//!
//! ```
//! use http_body_util::BodyExt;
//! use switchtower::dispatch::{commit::CommitLayer, deadline::DeadlineLayer, retry::RetryLayer};
//! use switchtower::testing::{Point, Script, Upstream};
//! use switchtower::{BoxError, Payload, client, meter::MeterLayer};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! let upstream = Upstream::start().await;
//! upstream.next(Script::new().cut(Point::After(0))); // a 200, a role, and then the line goes dead
//!
//! let service = ServiceBuilder::new()
//!     .layer(RetryLayer::new())
//!     .layer(CommitLayer::new())
//!     .layer(DeadlineLayer::default())
//!     .layer(MeterLayer::new())
//!     .service(client::hyper::plain());
//!
//! let url = format!("{}/chat/completions", upstream.base_url());
//! let ask = Payload::read(r#"{"model": "any", "messages": [{"role": "user", "content": "hi"}], "stream": true}"#)?;
//! let answer = service.oneshot(http::Request::post(url).body(ask)?).await?;
//! assert!(answer.into_body().collect().await?.to_bytes().ends_with(b"data: [DONE]\n\n"));
//! assert_eq!(upstream.calls(), 2);
//! # Ok(()) }
//! ```
//!
//! Where the same endpoints are asked again and again, [`gate`] leaves alone those that fail. With more than one
//! candidate, [`fallback`] and [`address`] come around and inside of this; their pages show
//! them.

pub mod address;
pub mod commit;
pub mod deadline;
pub mod fallback;
pub mod gate;
pub mod hedge;
pub mod recover;
pub mod retry;

mod common;
mod kept;
