//! How far a shutdown has come, as connections and the answers under way learn of it.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch::{Receiver, Sender, channel};

use crate::attempt::End;
use crate::call::Call;
use crate::clock::now;
use crate::error::Error;
use crate::kind::Kind;

/// How far a shutdown has come. In the extensions of every request that [`serve`](super::serve) takes.
///
/// The connection waits for it and polls what is under way on it once more.
#[derive(Clone, Debug)]
pub(super) struct Closing(
    /// One reference for each clone, of which each request takes one.
    Arc<Receiver<Stage>>,
);

/// How far has it come?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has not begun.
    Open,
    /// What is under way ends by itself, and nothing else is let in.
    Draining,
    /// The grace is over.
    Over,
}

/// Resolves when the grace is over; never, where nobody can say so.
pub(super) type Closed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Resolves each time that the shutdown goes on.
pub(super) type Moved = Pin<Box<dyn Future<Output = Receiver<Stage>> + Send>>;

// === impl Closing ===

impl Closing {
    pub(super) fn new() -> (Sender<Stage>, Self) {
        let (tell, told) = channel(Stage::Open);
        (tell, Self(Arc::new(told)))
    }

    /// Ends a call when the grace is over, and says what its caller is told. The attempt ends here, before it is dropped,
    /// which by itself would mean that the caller left.
    pub(super) fn end(call: &Call) -> Error {
        let error = Error::new(Kind::Internal, "the gateway is shutting down");
        if let Some(attempt) = call.last() {
            attempt.end(End::Failed(error.kind()), now());
        }
        error
    }

    /// Has it begun? One look at a word.
    pub(super) fn has_begun(&self) -> bool {
        self.0.has_changed().unwrap_or(false)
    }

    pub(super) fn is_over(&self) -> bool {
        self.has_begun() && *self.0.borrow() == Stage::Over
    }

    pub(super) fn closed(self) -> Closed {
        let mut told = Receiver::clone(&self.0);
        Box::pin(async move {
            if told.wait_for(|stage| *stage == Stage::Over).await.is_err() {
                pending().await
            }
        })
    }

    pub(super) fn moved(&self) -> Moved {
        moved(Receiver::clone(&self.0))
    }
}

/// Resolves when there is more than this one has seen, and then it has; never, where nobody can say so.
pub(super) fn moved(mut told: Receiver<Stage>) -> Moved {
    Box::pin(async move {
        match told.changed().await {
            Ok(()) => told,
            Err(_) => pending().await,
        }
    })
}
