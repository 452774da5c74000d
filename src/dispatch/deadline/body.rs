use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use pin_project::pin_project;

use super::clocks::Progress;
use super::timer::Timer;
use crate::attempt::End;
use crate::clock::now;
use crate::error::{BoxError, Error};
use crate::kind::{Kind, Phase};

/// An answer under its clocks. See the [module docs](super).
#[pin_project]
#[derive(Debug)]
pub struct Body<B> {
    #[pin]
    inner: B,
    /// With the attempt.
    timer: Pin<Box<Timer>>,
    progress: Progress,
    /// Events of content that the attempt had counted when the clock was last set.
    content: u32,
    /// Has something come since? The clock is read once per wait, not once per frame.
    moved: bool,
    /// Has it asked the clock? Until then that may be set for the headers, later than for what comes next.
    asked: bool,
    over: bool,
}

// === impl Body ===

impl<B> Body<B> {
    pub(super) fn new(inner: B, timer: Pin<Box<Timer>>) -> Self {
        Self {
            inner,
            timer,
            progress: Progress::Headers,
            content: 0,
            moved: false,
            asked: false,
            over: false,
        }
    }
}

/// Where do we stand, now that nothing more is there for the moment?
fn progress(timer: Pin<&mut Timer>, old: Progress, content: &mut u32) -> Progress {
    let attempt = timer.attempt();
    match old {
        Progress::Done(_) => return old,
        _ if attempt.is_done() => return Progress::Done(now()),
        Progress::Finished(_) => return old,
        _ if attempt.is_finished() => return Progress::Finished(now()),
        _ => {}
    }
    if !attempt.is_metered() {
        return Progress::Content(now());
    }
    let count = attempt.content_events();
    if count == std::mem::replace(content, count) {
        return old;
    }
    let now = now();
    if !matches!(old, Progress::Content(_)) {
        let bytes = attempt.content_bytes();
        timer.begin(bytes, now);
    }
    Progress::Content(now)
}

impl<B> http_body::Body for Body<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError> + 'static,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        // Data before the clock: what is here is in time.
        match this.inner.poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                *this.moved = true;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                *this.over = true;
                let error = Error::from_inner(error);
                this.timer.attempt().end(End::Failed(error.kind()), now());
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                *this.over = true;
                this.timer.attempt().end(End::Complete, now());
                Poll::Ready(None)
            }
            Poll::Pending => {
                if std::mem::take(this.moved) {
                    let old = *this.progress;
                    let timer = this.timer.as_mut();
                    *this.progress = progress(timer, old, this.content);
                } else if *this.asked && this.timer.waits(cx) {
                    return Poll::Pending;
                }
                *this.asked = true;
                let mut phase = ready!(this.timer.as_mut().poll(*this.progress, cx));
                while phase == Phase::Throughput {
                    let bytes = this.timer.attempt().content_bytes();
                    if !this.timer.as_mut().goes_on(bytes, now()) {
                        break;
                    }
                    phase = ready!(this.timer.as_mut().poll(*this.progress, cx));
                }
                *this.over = true;
                if matches!(this.progress, Progress::Finished(_) | Progress::Done(_)) {
                    // Everything was said; only the connection is late.
                    this.timer.attempt().end(End::Complete, now());
                    return Poll::Ready(None);
                }
                if !this.timer.is_fair(*this.progress) {
                    this.timer.attempt().excuse();
                }
                this.timer
                    .attempt()
                    .end(End::Failed(Kind::Elapsed(phase)), now());
                Poll::Ready(Some(Err(Error::elapsed(phase))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
