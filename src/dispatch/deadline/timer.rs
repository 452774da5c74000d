//! The one timer of an attempt.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::Sleep;

use super::clocks::{Clocks, Progress};
use crate::kind::Phase;

/// A `Sleep`, made when something is pending for the first time, carried from the future to the
/// body, and moved only when it goes off too early or would go off too late.
#[derive(Debug)]
pub(super) struct Timer {
    clocks: Clocks,
    sleep: Option<Pin<Box<Sleep>>>,
}

// === impl Timer ===

impl Timer {
    pub(super) fn new(clocks: Clocks) -> Self {
        Self {
            clocks,
            sleep: None,
        }
    }

    pub(super) fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// Ready when a clock has run out. Asked only after what is inside was pending.
    pub(super) fn poll(&mut self, progress: Progress, cx: &mut Context<'_>) -> Poll<Phase> {
        let (at, phase) = self.clocks.next(progress);
        let at = tokio::time::Instant::from_std(at);
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= at {
                return Poll::Ready(phase);
            }
            sleep.as_mut().reset(at);
        }
        Poll::Pending
    }
}
