//! Cuts in an object's text, made all at once.

use bytes::Bytes;

use super::json::Span;

/// What is shorter is copied: a piece by itself costs more than that.
const LONG: usize = 16 << 10;

/// The leading `inserts` are in the order in which they were asked for, the others in any.
pub(super) struct Cuts<'a, const MOST: usize> {
    open: u32,
    kept: u32,
    inserts: usize,
    len: usize,
    // Each field is cut once.
    cuts: [Cut<'a>; MOST],
}

/// This part of the text becomes that.
#[derive(Clone, Copy, Default)]
struct Cut<'a> {
    span: Span,
    with: [&'a str; 5],
}

// === impl Cuts ===

impl<'a, const MOST: usize> Cuts<'a, MOST> {
    /// Of an object whose members begin at `open`, `kept` of which will not be removed.
    pub(super) fn new(open: u32, kept: u32) -> Self {
        Self {
            open,
            kept,
            inserts: 0,
            len: 0,
            cuts: [Cut::default(); MOST],
        }
    }

    /// Adds a member before all others. All inserts must come before all other cuts.
    pub(super) fn insert(&mut self, name: &'a str, json: &'a str) {
        if let Some(before) = self.inserts.checked_sub(1) {
            self.cuts[before].with[4] = ",";
        }
        self.inserts += 1;
        self.insert_at(self.open, name, json, self.kept > 0);
    }

    /// Adds a member at the beginning of an object, before `more` of them.
    pub(super) fn insert_at(&mut self, at: u32, name: &'a str, json: &'a str, more: bool) {
        let comma = if more { "," } else { "" };
        let span = Span { start: at, end: at };
        self.push(span, ["\"", name, "\":", json, comma]);
    }

    pub(super) fn replace(&mut self, value: Span, json: &'a str, text: &[u8]) {
        if value.of(text) != json.as_bytes() {
            self.push(value, [json, "", "", "", ""]);
        }
    }

    /// Removes a member with the comma before it, which is part of its span.
    pub(super) fn remove(&mut self, member: Span) {
        self.push(member, [""; 5]);
    }

    fn push(&mut self, span: Span, with: [&'a str; 5]) {
        self.cuts[self.len] = Cut { span, with };
        self.len += 1;
    }

    pub(super) fn apply(&mut self, text: &Bytes) -> Bytes {
        if self.len == 0 {
            return text.clone();
        }
        self.prepare(text);
        let mut len = 0;
        self.pieces(text, |piece| len += piece.len());
        // Exactly as long as it will be: `Bytes` allocates once more for a vector with room to spare.
        let mut out = Vec::with_capacity(len);
        self.pieces(text, |piece| out.extend_from_slice(piece));
        Bytes::from(out)
    }

    /// The same in pieces, of which the long ones are parts of `text` itself.
    pub(super) fn apart(&mut self, text: &Bytes) -> Vec<Bytes> {
        self.prepare(text);
        let (mut apart, mut short) = (Vec::new(), Vec::new());
        self.pieces(text, |piece| {
            if piece.len() < LONG {
                return short.extend_from_slice(piece);
            }
            apart.extend(close(&mut short));
            apart.push(text.slice_ref(piece));
        });
        apart.extend(close(&mut short));
        apart
    }

    fn prepare(&mut self, text: &[u8]) {
        self.cuts[self.inserts..self.len].sort_unstable_by_key(|cut| cut.span.start);
        self.close_front(text);
    }

    /// Where the first members go, no comma stands before them: the one behind them goes instead.
    fn close_front(&mut self, text: &[u8]) {
        let mut front = None;
        let mut edge = self.open;
        for (i, cut) in self.cuts[..self.len].iter().enumerate() {
            if cut.span.start == edge && !cut.span.is_empty() {
                (front, edge) = (Some(i), cut.span.end);
            }
        }
        let rest = text[edge as usize..].trim_ascii_start();
        if let (Some(i), Some(b',')) = (front, rest.first()) {
            self.cuts[i].span.end = (text.len() - rest.len() + 1) as u32;
        }
    }

    fn pieces(&self, text: &[u8], mut emit: impl FnMut(&[u8])) {
        let mut at = 0;
        for Cut { span, with } in &self.cuts[..self.len] {
            emit(&text[at..span.start as usize]);
            with.iter().for_each(|piece| emit(piece.as_bytes()));
            at = span.end as usize;
        }
        emit(&text[at..]);
    }
}

fn close(short: &mut Vec<u8>) -> Option<Bytes> {
    (!short.is_empty()).then(|| std::mem::take(short).into())
}
