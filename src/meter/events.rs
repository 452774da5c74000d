//! An event stream, cut into whole events and judged one by one.

use bytes::{Bytes, BytesMut};

use super::calls::Calls;
use super::judge::{Ends, Verdict, bare_error, complete, judge, leave_out, like_the_last};
use crate::attempt::Attempt;
use crate::error::Error;
use crate::kind::Kind;
use crate::wire::sse::Scanner;

/// The scan of one event stream. A chunk that holds whole events is cut without a copy; only an
/// event that is spread over chunks is put together.
#[derive(Debug)]
pub(super) struct Events {
    scanner: Scanner,
    chunk: Bytes,
    /// The beginning of an event whose end has not come.
    partial: BytesMut,
    ends: Ends,
    hide: bool,
}

// === impl Events ===

impl Events {
    pub(super) fn new(hide: bool, choices: u32, calls: Option<Box<Calls>>) -> Self {
        Self {
            scanner: Scanner::default(),
            chunk: Bytes::new(),
            partial: BytesMut::new(),
            ends: Ends::of(choices, calls),
            hide,
        }
    }

    /// Takes the next chunk in; every event of the one before has been taken out.
    pub(super) fn feed(&mut self, chunk: Bytes) {
        if self.partial.is_empty() {
            self.chunk = chunk;
        } else {
            self.partial.extend_from_slice(&chunk);
        }
    }

    /// Has all of it been taken out?
    pub(super) fn is_empty(&self) -> bool {
        self.partial.is_empty() && self.chunk.is_empty()
    }

    /// The next whole event that is for the caller.
    // A call of its own: between two events the body is polled more than once, with nothing there.
    #[inline(never)]
    pub(super) fn next(&mut self, attempt: &Attempt) -> Option<Result<Bytes, Error>> {
        loop {
            let from_partial = !self.partial.is_empty();
            let buffer = if from_partial {
                &self.partial[..]
            } else {
                &self.chunk[..]
            };
            if buffer.is_empty() {
                return None;
            }
            let like = like_the_last(buffer, &self.scanner, attempt, &mut self.ends);
            let (len, verdict) = match like {
                Some(judged) => judged,
                None => match self.scanner.next(buffer) {
                    Ok(Some(event)) => {
                        let verdict = judge(&event, &buffer[..event.len], attempt, &mut self.ends);
                        (event.len, verdict)
                    }
                    Ok(None) => {
                        let chunk = std::mem::take(&mut self.chunk);
                        self.partial.extend_from_slice(&chunk);
                        return None;
                    }
                    Err(oversize) => {
                        let message = "the provider sent an endless event";
                        let error = Error::new(Kind::Malformed, message);
                        return Some(Err(error.with_source(oversize)));
                    }
                },
            };
            let bytes = match from_partial {
                true => self.partial.split_to(len).freeze(),
                false => self.chunk.split_to(len),
            };
            match verdict {
                Verdict::Usage if self.hide => {}
                // What follows `[DONE]` is not for anyone.
                Verdict::After => {}
                Verdict::Pass | Verdict::Usage => return Some(Ok(bytes)),
                Verdict::Wrong(error) => return Some(Err(error)),
                Verdict::Garbled(error) => {
                    if let Err(error) = leave_out(error, attempt, &mut self.ends) {
                        return Some(Err(error));
                    }
                }
            }
        }
    }

    /// Nobody takes out any more: reads what is there, which may be the bill.
    pub(super) fn rest(&mut self, attempt: &Attempt) {
        while let Some(Ok(_)) = self.next(attempt) {}
    }

    /// The transfer is over: what is left? An event that lacks its blank line counts, if it is whole
    /// otherwise, and is given what it lacks.
    pub(super) fn last(&mut self, attempt: &Attempt) -> Option<Result<Bytes, Error>> {
        let mut rest = std::mem::take(&mut self.partial);
        let Some(event) = self.scanner.finish(&rest) else {
            return bare_error(&rest, attempt).map(Err);
        };
        match judge(&event, &rest[..event.len], attempt, &mut self.ends) {
            Verdict::Usage if self.hide => None,
            Verdict::Pass | Verdict::Usage => {
                rest.extend_from_slice(b"\n\n");
                Some(Ok(rest.freeze()))
            }
            Verdict::Wrong(error) => Some(Err(error)),
            // Most likely the half of an event.
            Verdict::After | Verdict::Garbled(_) => None,
        }
    }

    /// The last event is out: was it an answer?
    pub(super) fn complete(&self, attempt: &Attempt) -> Result<(), Error> {
        complete(attempt, &self.ends)
    }
}
