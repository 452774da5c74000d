//! Frames that wait.

use std::collections::VecDeque;

use bytes::Bytes;
use http_body::Frame;

/// A queue of frames. Most answers that are no stream are one frame, for which nothing is allocated.
#[derive(Debug, Default)]
pub(super) struct Queue {
    first: Option<Frame<Bytes>>,
    rest: VecDeque<Frame<Bytes>>,
}

// === impl Queue ===

impl Queue {
    pub(super) fn push_back(&mut self, frame: Frame<Bytes>) {
        if self.is_empty() {
            self.first = Some(frame);
        } else {
            self.rest.push_back(frame);
        }
    }

    pub(super) fn pop_front(&mut self) -> Option<Frame<Bytes>> {
        self.first.take().or_else(|| self.rest.pop_front())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    /// Bytes of data that wait.
    pub(super) fn bytes(&self) -> u64 {
        let data = self
            .first
            .iter()
            .chain(&self.rest)
            .filter_map(Frame::data_ref);
        data.map(|data| data.len() as u64).sum()
    }
}
