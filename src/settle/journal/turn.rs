//! Whose turn is it?

use std::sync::Arc;
use std::task::{Context, Poll};

use super::queue::{Closed, Queue};

/// Waits for a place of the queue, and gives up his turn when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    queue: Arc<Queue>,
    number: Option<u64>,
}

/// Waits until all is stored, likewise.
#[derive(Debug)]
pub(super) struct Farewell {
    queue: Arc<Queue>,
    number: Option<u64>,
}

// === impl Turn ===

impl Turn {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        let number = None;
        Self { queue, number }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let entered = self.queue.enter(&mut self.number, cx.waker());
        entered.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Clone for Turn {
    /// It stands at no place of the line yet.
    fn clone(&self) -> Self {
        Self::new(self.queue.clone())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            self.queue.go(number);
        }
    }
}

// === impl Farewell ===

impl Farewell {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        let number = None;
        Self { queue, number }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.queue.is_done(&mut self.number, cx.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            self.queue.forget(number);
        }
    }
}
