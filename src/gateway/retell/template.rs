//! Nearly all events of a stream say what the one before said, in other words: so they are told alike.

use std::ops::Range;

use bytes::Bytes;

use crate::wire::{Chunk, Echo};

/// The last event that was told, without its words.
#[derive(Debug, Default)]
pub(super) struct Template {
    echo: Echo,
    /// Up to the words, and from behind them, as told.
    before: Vec<u8>,
    after: Vec<u8>,
}

// === impl Template ===

impl Template {
    /// The event with this data, if it differs from the last one by its words alone.
    pub(super) fn fill(&self, data: &[u8]) -> Option<Bytes> {
        let words = self.echo.words(data)?.span().of(data);
        Some([&*self.before, words, &self.after].concat().into())
    }

    /// Remembers an event whose words stand there now.
    pub(super) fn hear(&mut self, data: &[u8], chunk: &Chunk, told: &[u8], words: Range<usize>) {
        self.echo.hear(data, chunk);
        self.before.clear();
        self.before.extend_from_slice(&told[..words.start]);
        self.after.clear();
        self.after.extend_from_slice(&told[words.end..]);
    }
}
