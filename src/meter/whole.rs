//! An answer that is one JSON document.

use bytes::Bytes;

use super::calls::Calls;
use super::expected::Expected;
use super::judge::{Ends, read};
use crate::attempt::Attempt;
use crate::chunks::Chunks;
use crate::error::Error;
use crate::kind::Kind;

/// How much of an answer is kept to be read at its end. A larger one passes, and its usage is
/// estimated.
const KEEP: usize = 32 << 20;

/// The scan of one JSON answer: kept by reference, read once, at its end.
#[derive(Debug, Default)]
pub(super) struct Whole {
    kept: Chunks,
    too_large: bool,
    /// Was a stream asked for?
    stream_asked: bool,
    /// Is what is read of it looked at again?
    retold: bool,
    calls: Option<Box<Calls>>,
}

// === impl Whole ===

impl Whole {
    pub(super) fn new(expected: Expected) -> Self {
        Self {
            stream_asked: expected.stream == Some(true),
            retold: expected.retold,
            calls: expected.calls,
            ..Self::default()
        }
    }

    pub(super) fn feed(&mut self, data: &Bytes, attempt: &Attempt) {
        attempt.event();
        self.too_large |= self.kept.len() + data.len() > KEEP;
        if self.too_large {
            self.kept = Chunks::default();
        } else {
            self.kept.push(data.clone());
        }
    }

    /// The transfer is over: was it an answer?
    pub(super) fn finish(&mut self, attempt: &Attempt) -> Result<(), Error> {
        if self.too_large {
            attempt.find(|found| found.unread = true);
        } else {
            let json = self.kept.as_slice();
            if json.trim_ascii().is_empty() {
                return Err(Error::new(
                    Kind::Truncated,
                    "the provider sent an empty answer",
                ));
            }
            let chunk = read(json, attempt, &mut Ends::of_document(self.calls.take()))?;
            let lists = chunk
                .object
                .is_some_and(|object| object.of(json) == b"\"list\"");
            if chunk.seen == 0 && !lists {
                let message = "the provider's answer has no choices";
                return Err(Error::new(Kind::Malformed, message));
            }
            if self.retold {
                attempt.read(json.len(), chunk);
            }
        }
        // Read all the same: it may have been an error, and it may have been billed.
        if self.stream_asked {
            return Err(unlike("one document where a stream was asked for"));
        }
        attempt.done();
        Ok(())
    }
}

/// The answer has the wrong form: a caller that reads a stream cannot read a document, nor the other way.
pub(super) fn unlike(what: &str) -> Error {
    Error::new(Kind::Malformed, format!("the provider sent {what}"))
}
