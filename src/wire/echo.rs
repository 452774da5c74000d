use super::Chunk;
use super::json::Text;

/// Does an event say the same as the one before it, but for its words?
///
/// Nearly all events of a stream do: the same id, the same choice, a new token. Where all bytes around
/// the words are those of an event that has been read, and the words are one string again, there is
/// nothing left to read but they, at a fraction of the cost.
///
/// ```
/// use switchtower::wire::{Chunk, Echo, json::Syntax};
///
/// let (first, second) = (br#"{"choices":[{"delta":{"content":"Hi"}}]}"#, br#"{"choices":[{"delta":{"content":" you"}}]}"#);
/// let mut echo = Echo::default();
/// assert_eq!(echo.words(first), None);
/// echo.hear(first, &Chunk::read(first)?);
/// assert_eq!(echo.words(second).unwrap().span().of(second), b" you");
/// assert_eq!(echo.words(br#"{"choices":[{"delta":{"content":" you"},"finish_reason":"stop"}]}"#), None);
/// # Ok::<(), Syntax>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Echo {
    // Up to the first quote, and from behind the last.
    before: Vec<u8>,
    after: Vec<u8>,
}

// === impl Echo ===

impl Echo {
    /// Remembers an event that has been read, if it has words and says nothing that must be read again.
    pub fn hear(&mut self, json: &[u8], chunk: &Chunk) {
        self.before.clear();
        let silent = chunk.finish.is_none() && chunk.usage.is_none() && chunk.error.is_none();
        if let Some(words) = chunk.words.filter(|_| silent) {
            let words = words.range();
            self.before.extend_from_slice(&json[..words.start - 1]);
            self.after.clear();
            self.after.extend_from_slice(&json[words.end + 1..]);
        }
    }

    /// The words of this event, if all else in it is as remembered.
    #[must_use]
    pub fn words(&self, json: &[u8]) -> Option<Text> {
        let start = self.before.len();
        if start == 0 || !json.starts_with(&self.before) || !json.ends_with(&self.after) {
            return None;
        }
        let words = Text::read(json, start)?;
        let end = words.span().end as usize + 1;
        (end + self.after.len() == json.len()).then_some(words)
    }
}
