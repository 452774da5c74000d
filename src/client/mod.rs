//! Adapters that make an HTTP client the innermost service.
//!
//! The innermost service takes an `http::Request<Payload>`, with an absolute URL, and returns an
//! `http::Response` with any body.
//!
//! | client | how |
//! |---|---|
//! | hyper-util's pooled client | as it is; `hyper` has one with the settings that streams want, feature `hyper` |
//! | reqwest | `Reqwest`, feature `reqwest` |
//! | your own | any `tower::Service<http::Request<Payload>>` |
//!
//! Connecting has its own limit in the client: five seconds here. Everything after that is timed by
//! [`deadline`](crate::dispatch::deadline), so no other timeout of a client should be set: one that
//! counts the body cuts healthy streams.

#[cfg(feature = "hyper")]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
pub mod hyper;
#[cfg(feature = "reqwest")]
mod reqwest;

#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use self::reqwest::{Reqwest, ResponseFuture};
