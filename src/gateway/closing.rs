//! How far a shutdown has come, as connections and the answers under way learn of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::attempt::End;
use crate::call::Call;
use crate::clock::now;
use crate::error::Error;
use crate::kind::Kind;

/// How far a shutdown has come. In the extensions of every request that [`serve`](super::serve) takes.
///
/// The connection waits for it and polls what is under way on it once more.
#[derive(Clone, Debug, Default)]
pub(super) struct Closing(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stage: AtomicU8,
    moved: Arc<Notify>,
}

/// How far has it come?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It has not begun.
    #[default]
    Open,
    /// What is under way ends by itself, and nothing else is let in.
    Draining,
    /// The grace is over.
    Over,
}

/// Resolves when the grace is over.
pub(super) type Closed = Pin<Box<dyn Future<Output = ()> + Send>>;

// === impl Closing ===

impl Closing {
    /// Ends a call when the grace is over, and says what its caller is told. The attempt ends here, before it is dropped,
    /// which by itself would mean that the caller left.
    pub(super) fn end(call: &Call) -> Error {
        let error = Error::new(Kind::Internal, "the gateway is shutting down");
        if let Some(attempt) = call.last() {
            attempt.end(End::Failed(error.kind()), now());
        }
        error
    }

    /// It has come so far; all who wait are told.
    pub(super) fn move_to(&self, stage: Stage) {
        self.0.stage.store(stage as u8, Ordering::Release);
        self.0.moved.notify_waiters();
    }

    pub(super) fn stage(&self) -> Stage {
        match self.0.stage.load(Ordering::Acquire) {
            0 => Stage::Open,
            1 => Stage::Draining,
            _ => Stage::Over,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage() == Stage::Over
    }

    /// Resolves when it goes on from where it was when this was polled first: look there after that.
    pub(super) fn moved(&self) -> OwnedNotified {
        self.0.moved.clone().notified_owned()
    }

    pub(super) fn closed(self) -> Closed {
        Box::pin(async move {
            loop {
                let moved = self.moved();
                if self.is_over() {
                    return;
                }
                moved.await;
            }
        })
    }
}
