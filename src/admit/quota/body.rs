use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use pin_project::pin_project;

use super::hold::Hold;

/// An answer whose tokens are counted when it ends. See the [module docs](super).
#[pin_project]
#[derive(Debug)]
pub struct Body<B> {
    #[pin]
    inner: B,
    // Declared after what is inside: the attempt ends before its tokens are counted.
    hold: Option<Box<Hold>>,
    over: bool,
}

// === impl Body ===

impl<B> Body<B> {
    pub(super) fn new(inner: B, hold: Option<Box<Hold>>) -> Self {
        Self {
            inner,
            hold,
            over: false,
        }
    }
}

impl<B: http_body::Body> http_body::Body for Body<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        let frame = ready!(this.inner.poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            *this.over = true;
            this.hold.take();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
