use std::borrow::Cow;

use super::Event;

/// What the lines so far have said.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    fields: bool,
    data: Option<(usize, usize)>,
    // `data` is the first of several lines; the others are looked up when the block ends.
    several: bool,
    name: Option<(usize, usize)>,
}

// === impl Block ===

impl Block {
    /// Reads one line; true if it ends the block.
    pub(super) fn read(&mut self, buf: &[u8], start: usize, end: usize) -> bool {
        let line = &buf[start..end];
        match line.first() {
            None => return true,
            Some(b':') => return !self.fields,
            Some(_) => self.fields = true,
        }
        if let Some(value) = value(line, b"data") {
            self.several = self.data.is_some();
            self.data = self.data.or(Some((end - value.len(), end)));
        } else if let Some(value) = value(line, b"event") {
            self.name = (!value.is_empty()).then_some((end - value.len(), end));
        }
        false
    }

    /// What they say all together; `block` is what `read` got them from.
    pub(super) fn event(self, block: &[u8]) -> Event<'_> {
        let data = self.data.map(|(start, end)| match self.several {
            false => Cow::Borrowed(&block[start..end]),
            true => Cow::Owned(join(&block[start..end], &block[end..])),
        });
        Event {
            len: block.len(),
            data,
            name: self.name.map(|(start, end)| &block[start..end]),
        }
    }
}

/// The value of a field, if that is the field which the line gives.
fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    match line.strip_prefix(name)? {
        [] => Some(b""),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

/// The first `data` and those in the lines after it. Between CR and LF there is an empty line here, which says nothing.
fn join(first: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut data = first.to_vec();
    for line in rest.split(|b| matches!(b, b'\n' | b'\r')) {
        if let Some(value) = value(line, b"data") {
            data.push(b'\n');
            data.extend_from_slice(value);
        }
    }
    data
}
