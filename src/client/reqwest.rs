use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use pin_project::pin_project;
use tower_service::Service;

use crate::early::Early;
use crate::error::{BoxError, Error};
use crate::kind::Kind;
use crate::payload::Payload;

/// A reqwest client, or any Tower service around one, as the innermost service.
///
/// Streams in both directions, copies nothing and forwards readiness, so that a
/// `ConcurrencyLimit` or a `Buffer` around the client keeps its meaning.
///
/// Build the client with a `connect_timeout` and no other: reqwest's `timeout` counts the body. Leave
/// its automatic decompression off. Let it follow no redirects: it would take a provider's key along wherever they lead, unless that
/// is in the `Authorization` header. What it [repeats by itself](crate::client#what-a-client-repeats-by-itself) is counted by nobody:
/// `reqwest::retry::never` leaves it to [`fallback`](crate::dispatch::fallback) and [`retry`](crate::dispatch::retry).
///
/// ```
/// use std::time::Duration;
/// use switchtower::{BoxError, Payload, client::Reqwest, testing::Upstream};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let upstream = Upstream::start().await;
/// let url = format!("{}/chat/completions", upstream.base_url());
/// let ask = Payload::read(r#"{"model": "any", "messages": [{"role": "user", "content": "hi"}]}"#)?;
///
/// let client = reqwest::Client::builder().connect_timeout(Duration::from_secs(5));
/// let client = client.redirect(reqwest::redirect::Policy::none()).retry(reqwest::retry::never()).build()?;
/// let answer = Reqwest::new(client).oneshot(http::Request::post(url).body(ask)?).await?;
/// assert_eq!(answer.status(), 200);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Reqwest<S = ::reqwest::Client> {
    inner: S,
}

/// The future of [`Reqwest`]; refused where the URL is not one for reqwest.
#[pin_project]
#[derive(Debug)]
pub struct ResponseFuture<F>(#[pin] Early<F>);

// === impl Reqwest ===

impl<S> Reqwest<S> {
    /// Around this client.
    pub fn new(client: S) -> Self {
        Self { inner: client }
    }
}

impl<S> Service<http::Request<Payload>> for Reqwest<S>
where
    S: Service<::reqwest::Request, Response = ::reqwest::Response>,
    S::Error: Into<BoxError> + 'static,
{
    type Response = Response<::reqwest::Body>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    fn call(&mut self, request: http::Request<Payload>) -> Self::Future {
        let request = request.map(|payload| Bytes::clone(payload.bytes()));
        ResponseFuture(match ::reqwest::Request::try_from(request) {
            Ok(request) => Early::Admitted(self.inner.call(request)),
            Err(source) => {
                let error = Error::new(Kind::Internal, "not a URL that can be asked");
                Early::refuse(error.with_source(source))
            }
        })
    }
}

impl<F, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<::reqwest::Response, E>>,
    E: Into<BoxError> + 'static,
{
    type Output = Result<Response<::reqwest::Body>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(self.project().0.poll(cx)).map(Into::into))
    }
}
