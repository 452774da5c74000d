//! Adapters that make an HTTP client the innermost service.
//!
//! The innermost service takes an `http::Request<Payload>`, with an absolute URL, and returns an
//! `http::Response` with any body.
//!
//! | client | how |
//! |---|---|
//! | hyper-util's pooled client | `hyper::over`, with the settings that streams want, feature `hyper`; or your own, as it is |
//! | reqwest | `Reqwest`, feature `reqwest` |
//! | your own | any `tower::Service<http::Request<Payload>>` |
//!
//! Connecting has its own limit in the client: five seconds here. Everything after that is timed by
//! [`deadline`](crate::dispatch::deadline), so no other timeout of a client should be set: one that
//! counts the body cuts healthy streams.
//!
//! # What a client repeats by itself
//!
//! Both ask again where the server has not processed a request, and no other time. Nobody here hears of that: it
//! takes no try of the request and nothing of a retry budget, and is no attempt in the record.
//!
//! | client | asks again | switched off by |
//! |---|---|---|
//! | hyper-util's | where an idle connection turns out to be closed before anything was sent on it | `retry_canceled_requests(false)`, of a client of your own: `hyper::over` leaves it on |
//! | reqwest | likewise, which stays on | |
//! | | twice at most where a server of HTTP/2 refuses a stream, or goes away before it | `.retry(reqwest::retry::never())` |
//!
//! # Layers around a client
//!
//! An error that is no [`Error`](crate::Error) is taken for a broken connection: the provider is blamed for it, and left alone when
//! it comes often. So what keeps your own machine from too much belongs elsewhere:
//!
//! | layer of Tower | where |
//! |---|---|
//! | `load_shed` | around the whole stack: within it nobody but the provider is to refuse |
//! | `concurrency_limit` | around either: it only waits, within the time of the request |
//! | `timeout` | nowhere: [`deadline`](crate::dispatch::deadline) knows a slow answer from a silent one |
//! | `buffer` | around the whole stack: when it has ended, that is no provider's fault |
//!
//! Where one of them refuses inside of the stack all the same, its own error, and no other, is to become one of ours:
//!
//! ```
//! use switchtower::{BoxError, Error, Kind};
//!
//! # #[derive(Debug)] struct Overloaded;
//! # impl std::fmt::Display for Overloaded {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("overloaded") }
//! # }
//! # impl std::error::Error for Overloaded {}
//! /// For `map_err`, around `load_shed`: nobody else is asked, and nobody is blamed.
//! fn ours(error: BoxError) -> Error {
//!     match error.is::<Overloaded>() {
//!         true => Error::new(Kind::Internal, "too much to do just now").with_source(error),
//!         false => Error::from_inner(error),
//!     }
//! }
//! # assert_eq!(ours(Overloaded.into()).kind(), Kind::Internal);
//! ```
//!
//! # A client of your own
//!
//! Its error may be any that [`Error::from_inner`](crate::Error::from_inner) takes. But if its type has a
//! [`BoxError`](crate::BoxError) in its name, as a `BoxCloneSyncService<_, _, BoxError>` has, or a closure
//! with an `async` block that returns one, then an `async` block that awaits a call is not `Send`:
//! "implementation of `From` is not general enough", says the compiler, which forgets in there that the box
//! is `'static` ([rust#110338](https://github.com/rust-lang/rust/issues/110338)). Let the client return
//! [`Error`](crate::Error), or box the whole service before the block. The error of a body is best an
//! [`Error`](crate::Error) too.
//!
//! ```
//! use switchtower::{BoxError, Error, Payload, meter::MeterLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! async fn ask(_: http::Request<Payload>) -> Result<http::Response<String>, BoxError> {
//!     let answer = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
//!     Ok(http::Response::new(answer.to_owned()))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! // Without the `map_err`, the task below does not compile.
//! let client = service_fn(|request| async { ask(request).await.map_err(Error::from_inner) });
//! let service = ServiceBuilder::new().layer(MeterLayer::new()).service(client);
//!
//! let task = tokio::spawn(async move {
//!     let response = service.oneshot(http::Request::new(Payload::default())).await?;
//!     Ok::<_, Error>(response.status())
//! });
//! assert_eq!(task.await??, 200);
//! # Ok(()) }
//! ```

#[cfg(feature = "hyper")]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
pub mod hyper;
#[cfg(feature = "reqwest")]
mod reqwest;

#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use self::reqwest::{Reqwest, ResponseFuture};
