//! Where does a new answer join what the caller has?

use bytes::Bytes;

use super::told::{Told, data, joined};
use crate::wire::Chunk;
use crate::wire::adopt::{Instead, words};
use crate::wire::json::{HALF, Overlap, half_at_end, low_half, overlap};

/// How far a new answer has repeated what the caller has. See the [module docs](super).
#[derive(Debug)]
pub(super) struct Seam {
    /// So many bytes of it; none once it has gone beyond.
    at: Option<usize>,
    /// The first half of a character whose second half is still to come.
    half: Option<[u8; HALF]>,
    /// Tokens that it was given to go on from.
    written: u64,
}

/// What becomes of an event of a new answer?
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// It is no part of the answer: a comment.
    Aside(Bytes),
    /// This is for the caller.
    Pass(Bytes),
    /// The caller has it already.
    Nothing,
    /// It is another answer.
    Differs,
}

// === impl Seam ===

impl Seam {
    /// Of an answer that is to begin with what comes after so many bytes of the text.
    pub(super) fn new(at: usize, written: u64) -> Self {
        Self {
            at: Some(at),
            half: None,
            written,
        }
    }

    /// Takes in the next event.
    pub(super) fn take(&mut self, event: &Bytes, told: &mut Told) -> Joint {
        let Some(data) = data(event) else {
            return Joint::Aside(event.clone());
        };
        if data.trim_ascii() == b"[DONE]" {
            return self.end(told).unwrap_or(Joint::Pass(event.clone()));
        }
        let Ok(chunk) = Chunk::read(&data) else {
            return Joint::Nothing;
        };
        let words = words(&data, &chunk).map(|words| words.span().of(&data));
        if chunk.calls || (chunk.content > 0 && words.is_none() && chunk.thought != chunk.content) {
            return Joint::Differs;
        }
        let rest = match words.map(|raw| self.join(raw, told)) {
            Some(Err(Another)) => return Joint::Differs,
            Some(Ok(rest)) => rest,
            None => None,
        };
        if chunk.finished != 0
            && let Some(differs) = self.end(told)
        {
            return differs;
        }
        // What it thinks, nobody has asked for: the caller has read a thought, or the answer itself.
        let told_usage = chunk.is_usage() && self.end(told).is_none();
        let silent = rest.is_none() && chunk.finished == 0 && !told_usage;
        let thinks = chunk.thought > 0 && chunk.finished == 0;
        if thinks || (silent && (chunk.content > 0 || self.at.is_some())) {
            return Joint::Nothing;
        }
        let Some(first) = &told.first else {
            return Joint::Differs;
        };
        let instead = Instead {
            words: Some(rest.as_deref().unwrap_or_default()),
            written: self.written,
        };
        let json = first.adopt(&data, &chunk, instead);
        if let Some(rest) = rest {
            told.add(&rest);
        }
        Joint::Pass([b"data: ", &*one_line(json), b"\n\n"].concat().into())
    }

    /// It says no more: has it said as much as the caller has?
    fn end(&self, told: &Told) -> Option<Joint> {
        let short = self.at.is_some_and(|at| match self.written {
            0 => at < told.text.len(),
            // The white space at the end it was not given.
            _ => !told.text[at..].trim_ascii().is_empty(),
        });
        let half = self.at.is_some() && told.half.is_some();
        (short || half).then_some(Joint::Differs)
    }

    /// What is new in these words, as it is spelled.
    fn join(&mut self, raw: &[u8], told: &mut Told) -> Result<Option<Vec<u8>>, Another> {
        let Some(at) = self.at else {
            return Ok(Some(raw.to_vec()).filter(|raw| !raw.is_empty()));
        };
        let raw = joined(self.half.take(), raw);
        let (whole, half) = raw.split_at(raw.len() - half_at_end(&raw));
        let rest = match overlap(whole, &told.text[at..]) {
            Overlap::Differs => return Err(Another),
            Overlap::Within(bytes) => {
                self.at = Some(at + bytes);
                self.half = half.try_into().ok();
                return Ok(None);
            }
            Overlap::Beyond(from) => &raw[from..],
        };
        self.at = Some(told.text.len());
        if rest.len() == half.len() {
            // Nothing whole yet.
            self.half = half.try_into().ok();
            return Ok(None);
        }
        self.at = None;
        let Some(high) = told.half else {
            return Ok(Some(rest.to_vec()));
        };
        let (low, _, used) = low_half(rest, &high).ok_or(Another)?;
        Ok(Some([&low, &rest[used..]].concat()))
    }
}

/// It says something else.
#[derive(Debug)]
struct Another;

/// Of several data lines: between the tokens of JSON any space will do.
fn one_line(mut json: Vec<u8>) -> Vec<u8> {
    let newlines = json.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r'));
    newlines.for_each(|byte| *byte = b' ');
    json
}
