//! Whose request is it?
//!
//! Looks for the caller's key, from `Authorization: Bearer …` or `x-api-key`, among the [keys](crate::keys) that may come
//! in. A key is kept as its SHA-256 only, and looked for as such, so that neither memory nor timing
//! tells it. Management keys ask no model, so that they do not come in here.
//!
//! ```
//! use switchtower::admit::key::KeyLayer;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let service = ServiceBuilder::new().layer(KeyLayer::new(["sk-or-v1-secret"])).service(service_fn(
//!     |_: http::Request<()>| async { Ok::<_, std::convert::Infallible>(http::Response::new("in")) },
//! ));
//! let request = http::Request::builder().header("authorization", "Bearer wrong").body(()).unwrap();
//! let error = service.clone().oneshot(request).await.unwrap_err();
//! assert_eq!(error.status(), 401);
//!
//! let request = http::Request::builder().header("authorization", "Bearer sk-or-v1-secret");
//! assert_eq!(*service.oneshot(request.body(()).unwrap()).await.unwrap().body(), "in");
//! # }
//! ```
//!
//! **When to use**: where callers bring keys that you gave them; it looks at the headers only, so it fits
//! gRPC as well (example `tonic`). **When it acts**: once per request, in `call`, before anything of its body
//! is read; it holds nothing, so its future, when dropped, drops what is inside and no more. **Order**: outside
//! `read`, so that nobody is read who may not come in.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use http::Request;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use tower_layer::Layer;
use tower_service::Service;

use crate::call::Call;
use crate::caller::{Caller, KeyId};
use crate::clock::wall;
use crate::early::{Early, let_go};
use crate::error::{BoxError, Error};
use crate::keys::KeyRing;
use crate::kind::Kind;

/// Lets in requests that bring one of these keys. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct KeyLayer {
    ring: KeyRing,
}

/// The service of [`KeyLayer`].
///
/// # Clone
///
/// A clone carries no readiness.
#[derive(Clone, Debug)]
pub struct Key<S> {
    inner: S,
    keys: KeyLayer,
}

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

// === impl KeyLayer ===

impl KeyLayer {
    /// Lets these keys in, and nobody else.
    pub fn new<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self::with_ring(KeyRing::of(keys))
    }

    /// Lets the keys of this ring in, which may change meanwhile.
    pub fn with_ring(ring: KeyRing) -> Self {
        Self { ring }
    }

    /// The keys that may come in.
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// May a request with these headers ask a model at this time, and whose is it?
    ///
    /// # Errors
    ///
    /// As for [`identify`](Self::identify); [`Kind::Forbidden`] if it brings a management key.
    pub fn check(&self, headers: &HeaderMap, wall: SystemTime) -> Result<Arc<Caller>, Error> {
        let caller = self.identify(headers, wall)?;
        match caller.rights().manage() {
            false => Ok(caller),
            true => Err(Error::new(
                Kind::Forbidden,
                "Management keys cannot ask models: make a key with POST /api/v1/keys",
            )),
        }
    }

    /// Whose request is it that has these headers, be its key for models or for management?
    ///
    /// # Errors
    ///
    /// [`Kind::Unauthorized`], saying whether the key is missing, wrong, disabled or expired.
    pub fn identify(&self, headers: &HeaderMap, wall: SystemTime) -> Result<Arc<Caller>, Error> {
        Ok(self.ring.admit(Self::key(headers)?, wall)?)
    }

    /// The name of the key that a request with these headers brings.
    ///
    /// # Errors
    ///
    /// [`Kind::Unauthorized`], where it brings none.
    pub fn key(headers: &HeaderMap) -> Result<KeyId, Error> {
        presented(headers).map(KeyId::of).ok_or_else(|| {
            Error::new(
                Kind::Unauthorized,
                "Missing Authentication header: send one `Authorization: Bearer <key>`",
            )
        })
    }
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    // Of two, a proxy in front may have believed the other one.
    let is_given_twice = |name: &HeaderName| headers.get_all(name).iter().count() > 1;
    if is_given_twice(&AUTHORIZATION) || is_given_twice(&X_API_KEY) {
        return None;
    }
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
    });
    bearer
        .filter(|key| !key.is_empty())
        .or_else(|| headers.get(&X_API_KEY)?.to_str().ok())
        .filter(|key| !key.is_empty())
}

impl<S> Layer<S> for KeyLayer {
    type Service = Key<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Key {
            inner,
            keys: self.clone(),
        }
    }
}

// === impl Key ===

impl<S, B> Service<Request<B>> for Key<S>
where
    S: Service<Request<B>> + Clone,
    S::Error: Into<BoxError> + 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Future = Early<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.keys.check(request.headers(), wall()) {
            Ok(caller) => {
                Call::of(request.extensions_mut()).set_caller(caller);
                Early::Admitted(self.inner.call(request))
            }
            Err(error) => {
                let_go(&mut self.inner);
                Early::refuse(error)
            }
        }
    }
}
