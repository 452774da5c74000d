use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};

use super::state::State;

/// A body whose end and drop are counted. Made by [`Ask::body`](super::Ask::body).
#[derive(Debug)]
pub struct ProbeBody {
    frames: VecDeque<Bytes>,
    ended: bool,
    state: Arc<State>,
}

// === impl ProbeBody ===

impl ProbeBody {
    pub(super) fn new(frames: VecDeque<Bytes>, state: Arc<State>) -> Self {
        state.change(|inner| inner.tally.bodies += 1);
        Self {
            frames,
            ended: false,
            state,
        }
    }
}

impl Body for ProbeBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Some(data) = this.frames.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        let ended = &mut this.ended;
        this.state.poll(cx, |inner| {
            if inner.bodies_held {
                inner.tally.bodies_stalled += 1;
                return Poll::Pending;
            }
            inner.tally.bodies_ended += u64::from(!*ended);
            *ended = true;
            Poll::Ready(None)
        })
    }
}

impl Drop for ProbeBody {
    fn drop(&mut self) {
        self.state.change(|inner| inner.tally.bodies_dropped += 1);
    }
}
