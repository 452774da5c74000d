use std::{
    convert::Infallible,
    iter::Peekable,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::{
    Ending,
    account::Account,
    line::{Fault, Signals},
    step::{Step, Steps},
};

/// The response body: it plays the steps of a reply, and accounts for each piece as it is sent.
pub(super) struct Playback {
    steps: Peekable<Steps>,
    remaining: Option<u64>,
    waiting: Option<Pin<Box<Sleep>>>,
    halted: bool,
    signals: Arc<Signals>,
    account: Account,
}

// === impl Playback ===

impl Playback {
    pub(super) fn new(
        steps: Steps,
        length: Option<u64>,
        signals: Arc<Signals>,
        account: Account,
    ) -> Self {
        let mut steps = steps.peekable();
        let mut account = account;
        if steps.peek().is_none() {
            account.book(Ending::Served);
        }
        Self {
            steps,
            remaining: length,
            waiting: None,
            halted: false,
            signals,
            account,
        }
    }

    fn halt(&mut self, fault: Fault, ending: Ending) {
        self.halted = true;
        self.signals.ask(fault);
        self.account.book(ending);
    }

    fn sent(&mut self, bytes: usize) {
        if let Some(remaining) = &mut self.remaining {
            *remaining = remaining.saturating_sub(bytes as u64);
        }
        // Booked before the client can have the last byte, so that it finds the book complete.
        if self.steps.peek().is_none() {
            self.account.book(Ending::Served);
        }
    }
}

impl Body for Playback {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if self.halted {
                return Poll::Pending;
            }
            if let Some(waiting) = &mut self.waiting {
                ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
            }
            match self.steps.next() {
                Some(Step::Wait(wait)) => self.waiting = Some(Box::pin(sleep(wait))),
                Some(Step::Send(piece)) => {
                    self.account.serve(&piece);
                    self.sent(piece.bytes.len());
                    return Poll::Ready(Some(Ok(Frame::data(piece.bytes))));
                }
                Some(Step::Breathe) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Stall) => self.halted = true,
                Some(Step::Cut) => self.halt(Fault::Cut, Ending::Cut),
                Some(Step::Reset) => self.halt(Fault::Reset, Ending::Reset),
                Some(Step::Stop) => {
                    self.account.book(Ending::Stopped);
                    return Poll::Ready(None);
                }
                None => return Poll::Ready(None),
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
