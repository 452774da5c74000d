//! The end of a shutdown's grace, as the answers under way learn of it.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::watch;

use crate::attempt::End;
use crate::call::Call;
use crate::clock::now;
use crate::error::Error;
use crate::kind::Kind;

/// In the extensions of every request that [`serve`](super::serve) takes.
///
/// The connection waits for it and polls what is under way on it once more.
#[derive(Clone, Debug)]
pub(super) struct Closing(watch::Receiver<bool>);

/// Resolves when the grace is over; never, where nobody can say so.
pub(super) type Closed = Pin<Box<dyn Future<Output = ()> + Send>>;

// === impl Closing ===

impl Closing {
    pub(super) fn new() -> (watch::Sender<bool>, Self) {
        let (tell, told) = watch::channel(false);
        (tell, Self(told))
    }

    /// Ends a call then, and says what its caller is told. The attempt ends here, before it is dropped,
    /// which by itself would mean that the caller left.
    pub(super) fn end(call: &Call) -> Error {
        let error = Error::new(Kind::Internal, "the gateway is shutting down");
        if let Some(attempt) = call.last() {
            attempt.end(End::Failed(error.kind()), now());
        }
        error
    }

    pub(super) fn is_over(&self) -> bool {
        *self.0.borrow()
    }

    pub(super) fn closed(mut self) -> Closed {
        Box::pin(async move { self.over().await })
    }

    /// Resolves when the grace is over; never, where nobody can say so.
    pub(super) async fn over(&mut self) {
        if self.0.wait_for(|over| *over).await.is_err() {
            std::future::pending().await
        }
    }
}
