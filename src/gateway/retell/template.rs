//! Nearly all events of a stream say what the one before said, in other words: so they are told alike.

use std::ops::Range;

use bytes::Bytes;

use super::text::is_text;
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
    /// This event, if it differs from the last one by its words alone.
    pub(super) fn fill(&self, event: &[u8]) -> Option<Bytes> {
        let (len, words) = self.echo.next(event)?;
        if len != event.len() {
            return None;
        }
        let words = words.span().of(event);
        if !is_text(words) {
            return None;
        }
        let mut told = Vec::with_capacity(self.before.len() + words.len() + self.after.len());
        told.extend_from_slice(&self.before);
        told.extend_from_slice(words);
        told.extend_from_slice(&self.after);
        Some(told.into())
    }

    /// Remembers an event with this data, whose words stand there as told.
    pub(super) fn hear(
        &mut self,
        event: &[u8],
        data: &[u8],
        chunk: &Chunk,
        told: &[u8],
        words: Range<usize>,
    ) {
        self.echo.hear(event, data, chunk);
        self.before.clear();
        self.before.extend_from_slice(&told[..words.start]);
        self.after.clear();
        self.after.extend_from_slice(&told[words.end..]);
    }
}
