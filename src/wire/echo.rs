use super::Chunk;
use super::json::Text;

/// Does an event say the same as the one before it, but for its words?
///
/// Nearly all events of a stream do: the same id, the same choice, a new token. Where all bytes around
/// the words are those of an event that has been read, and the words are one string again, there is
/// nothing left to read but they, at a fraction of the cost: neither lines nor JSON.
///
/// ```
/// use switchtower::wire::{Chunk, Echo, json::Syntax};
///
/// let first = br#"{"choices":[{"delta":{"content":"Hi"}}]}"#;
/// let mut echo = Echo::default();
/// echo.hear(&[b"data: ", &first[..], b"\n\n"].concat(), first, &Chunk::read(first)?);
///
/// let buf = b"data: {\"choices\":[{\"delta\":{\"content\":\" you\"}}]}\n\ndata: [DONE]\n\n";
/// let (len, words) = echo.next(buf).unwrap();
/// assert_eq!(words.span().of(buf), b" you");
/// assert_eq!(&buf[len..], b"data: [DONE]\n\n");
/// assert_eq!(echo.next(b"data: {\"choices\":[{\"delta\":{\"role\":\"user\"}}]}\n\n"), None);
/// # Ok::<(), Syntax>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Echo {
    // Up to the first quote and with it, and from the last one on.
    before: Vec<u8>,
    after: Vec<u8>,
}

// === impl Echo ===

impl Echo {
    /// Remembers an event that has been read, if it has words and says nothing that must be read again. `data` is what
    /// it brings, in which `chunk` was found.
    pub fn hear(&mut self, event: &[u8], data: &[u8], chunk: &Chunk) {
        self.before.clear();
        let silent = chunk.finish.is_none() && chunk.usage.is_none() && chunk.error.is_none();
        let words = chunk.words.filter(|_| silent);
        if let (Some(words), Some(place)) = (words, place(event, data)) {
            let words = words.range();
            self.before.extend_from_slice(&event[..place + words.start]);
            self.after.clear();
            self.after.extend_from_slice(&event[place + words.end..]);
        }
    }

    /// The event at the front of `buf`, where an event begins, if all but its words is as remembered: how long it is,
    /// and where the words stand in `buf`.
    #[must_use]
    #[inline]
    pub fn next(&self, buf: &[u8]) -> Option<(usize, Text)> {
        let start = self.before.len();
        if start == 0 || !buf.starts_with(&self.before) {
            return None;
        }
        let words = Text::read(buf, start)?;
        let end = words.span().end as usize;
        let rest = &buf[end..];
        rest.starts_with(&self.after)
            .then_some((end + self.after.len(), words))
    }
}

/// Where the data stands in its event, if that is one line, and the last.
fn place(event: &[u8], data: &[u8]) -> Option<usize> {
    let lines = event
        .strip_suffix(b"\r\n\r\n")
        .or(event.strip_suffix(b"\n\n"))?;
    let field = lines.strip_suffix(data)?;
    let before = field.strip_suffix(b" ").unwrap_or(field);
    let before = before.strip_suffix(b"data:")?;
    // Of a line end that came late: it belongs to the event before.
    let begins = !before.starts_with(b"\n");
    let alone = before.last().is_none_or(|byte| *byte == b'\n') && !data.contains(&b'\n');
    (begins && alone).then_some(field.len())
}
