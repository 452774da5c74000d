//! Answer at once, or wait for the inner future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;

use crate::error::{BoxError, Error};

/// What a service that is ready has reserved goes: nobody is asked, and whoever keeps it would keep that as well.
pub(crate) fn let_go<S: Clone>(ready: &mut S) {
    *ready = ready.clone();
}

/// The future of a layer that may refuse a request without asking the service inside.
///
/// That service is ready, and may hold what it has reserved for the request: a place, a permit. Whoever refuses lets it go, by
/// putting a clone in its place, which has reserved nothing.
///
/// ```
/// use std::{convert::Infallible, future::ready};
/// use switchtower::{Early, Error, Kind};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// // What a `call` returns: the future of the service inside, or no.
/// let answer = |admitted| match admitted {
///     true => Early::Admitted(ready(Ok::<_, Infallible>("hi"))),
///     false => Early::refuse(Error::new(Kind::Forbidden, "not you")),
/// };
/// assert_eq!(answer(true).await?, "hi");
/// assert_eq!(answer(false).await.unwrap_err().status(), 403);
/// # Ok(()) }
/// ```
///
/// The example `custom_gateway` has a whole layer with it.
#[pin_project(project = EarlyProj)]
#[derive(Debug)]
pub enum Early<F> {
    /// Refused: the inner service was not called.
    Refused(Option<Error>),
    /// Admitted: the inner service is at work.
    Admitted(#[pin] F),
}

// === impl Early ===

impl<F> Early<F> {
    /// Refuses with this error.
    pub fn refuse(error: Error) -> Self {
        Self::Refused(Some(error))
    }
}

impl<F, T, E> Future for Early<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError> + 'static,
{
    type Output = Result<T, Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            EarlyProj::Refused(error) => {
                Poll::Ready(Err(error.take().expect("polled after completion")))
            }
            EarlyProj::Admitted(future) => {
                Poll::Ready(ready!(future.poll(cx)).map_err(Error::from_inner))
            }
        }
    }
}
