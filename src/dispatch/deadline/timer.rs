//! The one timer of an attempt.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::Extensions;
use pin_project::pin_project;
use tokio::time::Sleep;

use super::clocks::{Clocks, Progress, Window};
use crate::attempt::Attempt;
use crate::call::Call;
use crate::clock::now;
use crate::kind::Phase;
use crate::woken::Woken;

/// A `Sleep`, made when something is pending for the first time, and moved only when it goes off too early or would go off
/// too late. It goes from the future to the body.
#[pin_project]
#[derive(Debug)]
pub(super) struct Timer {
    clocks: Clocks,
    /// As they would be without the request's own word, where it has any.
    own: Option<Box<Clocks>>,
    window: Option<Window>,
    /// With its attempt.
    call: Call,
    #[pin]
    sleep: Option<Sleep>,
    woken: Woken,
}

// === impl Timer ===

impl Timer {
    pub(super) fn new(clocks: Clocks, own: Option<Box<Clocks>>, call: Call) -> Pin<Box<Self>> {
        Box::pin(Self {
            clocks,
            own,
            window: None,
            call,
            sleep: None,
            woken: Woken::default(),
        })
    }

    /// Whose clocks they are.
    pub(super) fn attempt(&self) -> &Attempt {
        self.call.current().expect("`deadline` has begun it")
    }

    /// An answer has come, maybe not that of the first attempt.
    pub(super) fn follow(self: Pin<&mut Self>, extensions: &Extensions) {
        self.project().call.follow(extensions);
    }

    /// Content has begun to come.
    pub(super) fn begin(self: Pin<&mut Self>, bytes: u64, now: Instant) {
        let window = self.clocks.window(bytes, now);
        *self.project().window = window;
    }

    /// The window is over. Has enough come in it?
    pub(super) fn goes_on(self: Pin<&mut Self>, bytes: u64, now: Instant) -> bool {
        let old = self.window;
        let next = old.and_then(|old| self.clocks.window_after(old, bytes, now));
        *self.project().window = next.or(old);
        next.is_some()
    }

    /// Has it nothing to say, and wakes this task when it has? So it is between two polls, as long as nothing has come.
    pub(super) fn waits(&self, cx: &Context<'_>) -> bool {
        let sleep = self.sleep.as_ref();
        self.woken.is(cx) && sleep.is_some_and(|sleep| !sleep.is_elapsed())
    }

    /// Ready when a clock has run out. Asked only after what is inside was pending.
    pub(super) fn poll(
        mut self: Pin<&mut Self>,
        progress: Progress,
        cx: &mut Context<'_>,
    ) -> Poll<Phase> {
        let phase = ready!(self.as_mut().poll_clock(progress, cx));
        // Meanwhile the others may have failed, as a hedge, or be left alone.
        let others = || self.call.others_left(now()) > 0 || self.call.recovery().times() > 0;
        if !self.clocks.fails_over(phase) || others() {
            return Poll::Ready(phase);
        }
        let this = self.as_mut().project();
        this.clocks.stay();
        if let Some(own) = this.own {
            own.stay();
        }
        self.poll_clock(progress, cx)
    }

    /// Would it have run out by the operator's word, too?
    pub(super) fn is_fair(&self, progress: Progress) -> bool {
        let (at, _) = self.clocks.next(progress, self.window);
        let by = |own: &Clocks| own.next(progress, self.window).0;
        self.own.as_deref().is_none_or(|own| by(own) <= at)
    }

    fn poll_clock(self: Pin<&mut Self>, progress: Progress, cx: &mut Context<'_>) -> Poll<Phase> {
        let mut this = self.project();
        let (at, phase) = this.clocks.next(progress, *this.window);
        let at = tokio::time::Instant::from_std(at);
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep_until(at)));
        }
        let mut sleep = this.sleep.as_pin_mut().expect("it was made above");
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        // One that is moved still wakes whom it would have woken.
        while !this.woken.is(cx) || sleep.is_elapsed() {
            ready!(this.woken.poll(sleep.as_mut(), cx));
            if sleep.deadline() >= at {
                return Poll::Ready(phase);
            }
            sleep.as_mut().reset(at);
        }
        Poll::Pending
    }
}
