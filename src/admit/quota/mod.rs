//! May the caller ask, so often and for so much?
//!
//! Takes one request, and as many tokens as the answer is expected to move, of all [`Limits`](crate::limits::Limits) that the request counts
//! by, or refuses it with a 429 that says until when. When the answer is over, what it has moved takes the place of what was
//! expected.
//!
//! | the request | counts as | tokens |
//! |---|---|---|
//! | refused inside, before anybody was asked | nothing | none |
//! | answered, whole or broken off | a request | as reported; else those of the prompt, and those delivered |
//! | failed, though somebody was asked | a request | as reported; none where all refused |
//! | left by its caller | a request | as reported; else as above, if somebody was asked |
//!
//! ```
//! use std::time::Duration;
//! use switchtower::Kind;
//! use switchtower::admit::quota::QuotaLayer;
//! use switchtower::limits::{Limits, Rule, Scope, Unit, Window};
//! use http_body_util::Empty;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), switchtower::BoxError> {
//! let minute = Window::Rolling(Duration::from_secs(60));
//! let rule = Rule::new("per-minute", Scope::Account, Unit::Requests, minute, 1)?;
//! let service = ServiceBuilder::new().layer(QuotaLayer::new(Limits::new([rule]))).service(service_fn(
//!     |_: http::Request<()>| async { Ok::<_, std::convert::Infallible>(http::Response::new(Empty::<bytes::Bytes>::new())) },
//! ));
//! service.clone().oneshot(http::Request::new(())).await?;
//! let error = service.oneshot(http::Request::new(())).await.unwrap_err();
//! assert_eq!((error.kind(), error.status().as_u16()), (Kind::LimitReached, 429));
//! assert!(error.retry_after().is_some());
//! # Ok(()) }
//! ```
//!
//! A rule of models counts each that the request names, by `model` and `models`, until one of them answers; where one is used up, it is refused. With a
//! [roster](QuotaLayer::roster), as in a [`Stack`](crate::Stack), an alias counts as the model that it stands for, a router as all that it may choose, and the tokens of the
//! prompt are expected by what was [learned](crate::standing::Density) of that model; else four bytes are one.
//!
//! **When to use**: where callers have rate limits. Money and concurrency are [`settle`](crate::settle)'s. **When it acts**: in
//! `call`, and once more when the body ends or is dropped. **Order**: inside [`key`](crate::admit::key), which says who asks, and
//! inside [`read`](crate::admit::read): of any other body than a [`Payload`](crate::Payload) it knows neither model nor user nor tokens, so that it
//! counts requests only, and rules of models and users do not see it (gRPC, say). Outside `choose`.

mod body;
mod future;
mod hold;
mod layer;
mod service;

pub use self::body::Body;
pub use self::future::ResponseFuture;
pub use self::layer::QuotaLayer;
pub use self::service::Quota;
