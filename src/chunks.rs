//! A body that is being collected.

use bytes::{Bytes, BytesMut};

/// Collected data. What comes in one piece, as most bodies do, is not copied.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    first: Bytes,
    rest: BytesMut,
    expected: usize,
}

/// How much is set aside on a caller's word alone.
const ON_TRUST: usize = 1 << 20;

// === impl Chunks ===

impl Chunks {
    /// How many bytes there will be, if it is known: so that they are copied once, not again and again.
    pub(crate) fn expect(&mut self, bytes: usize) {
        self.expected = bytes.min(ON_TRUST);
    }

    pub(crate) fn push(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        if self.rest.is_empty() {
            self.rest.reserve(self.expected);
            self.rest
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.rest.extend_from_slice(&data);
    }

    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        if self.rest.is_empty() {
            &self.first
        } else {
            &self.rest
        }
    }

    pub(crate) fn take(&mut self) -> Bytes {
        match self.rest.is_empty() {
            true => std::mem::take(&mut self.first),
            false => std::mem::take(&mut self.rest).freeze(),
        }
    }
}
