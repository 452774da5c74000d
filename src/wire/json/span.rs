use std::ops::Range;

/// Where does it stand in the text?
///
/// A span outlives every borrow of the text; give it the same text again and it finds the bytes.
///
/// ```
/// use switchtower::wire::json::Span;
///
/// let span = Span { start: 1, end: 3 };
/// assert_eq!(span.of(b"abcd"), b"bc");
/// assert_eq!(span.len(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

// === impl Span ===

impl Span {
    /// The caller has checked that the text is shorter than 4 GiB, as [`Cursor::new`](super::Cursor::new) does.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// The bytes it covers in `text`.
    ///
    /// # Panics
    ///
    /// When `text` is shorter than the text the span was made from.
    #[must_use]
    pub fn of(self, text: &[u8]) -> &[u8] {
        &text[self.range()]
    }

    /// The same, as a range.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// How many bytes it covers.
    #[must_use]
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it covers no byte.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}
