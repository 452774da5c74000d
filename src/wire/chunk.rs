use super::json::{Cursor, Kind, Span, Syntax, integer};
use super::{Finish, content};

/// What does one chunk of a stream, or one whole answer, say?
///
/// One pass, nothing allocated. It reads chat chunks, chat answers, completions and embeddings; spans are
/// of the whole value, quotes included. A key that stands twice counts as it stands last.
///
/// ```
/// use switchtower::wire::{Chunk, json::Syntax};
///
/// let json = br#"{"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null}"#;
/// let chunk = Chunk::read(json)?;
/// assert_eq!(chunk.content, 0);
/// assert_eq!(chunk.seen, 1);
/// assert_eq!(chunk.usage, None);
/// assert_eq!(chunk.id.unwrap().of(json), br#""1""#);
/// # Ok::<(), Syntax>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chunk {
    /// How many bytes of text, reasoning and tool arguments it delivers, escapes read; content that has no
    /// text (an image, a tool call that begins) counts as one. More than 0 means that content has begun.
    pub content: u32,
    /// How many of them are reasoning.
    pub thought: u32,
    /// Where the words stand, if its content is one string of one choice: without its quotes.
    pub words: Option<Span>,
    /// Whether it calls tools, or goes on with such a call.
    pub calls: bool,
    /// The choices it speaks of: bit *i* for index *i*, the last bit for all from 127 on.
    pub seen: u128,
    /// Those among them that have a finish reason.
    pub finished: u128,
    /// The last finish reason in it. Some servers send `""` where they mean null, and that is none.
    pub finish: Option<Finish>,
    /// Where that finish reason stands.
    pub finish_reason: Option<Span>,
    /// Is it one choice that strict clients take as it is, but for its finish reason?
    pub(super) strict: bool,
    /// `id`
    pub id: Option<Span>,
    /// `object`
    pub object: Option<Span>,
    /// `created`
    pub created: Option<Span>,
    /// `model`
    pub model: Option<Span>,
    /// `provider`
    pub provider: Option<Span>,
    /// `system_fingerprint`
    pub system_fingerprint: Option<Span>,
    /// `service_tier`
    pub service_tier: Option<Span>,
    /// `choices`
    pub choices: Option<Span>,
    /// `usage`, if it is an object.
    pub usage: Option<Span>,
    /// `error`, if it is not null, or else that of a choice.
    pub error: Option<Span>,
}

// === impl Chunk ===

impl Chunk {
    /// Reads one JSON object.
    ///
    /// # Errors
    ///
    /// When it is no JSON object.
    pub fn read(json: &[u8]) -> Result<Self, Syntax> {
        let mut cursor = Cursor::new(json)?;
        let (mut chunk, mut inner) = (Self::default(), None);
        cursor.object()?;
        while let Some(key) = cursor.next_member()? {
            let kind = cursor.peek()?;
            let start = cursor.at();
            let key = key.bytes(json);
            match (&*key, kind) {
                (b"choices", Kind::Array) => inner = chunk.choices(&mut cursor)?,
                _ => drop(cursor.skip()?),
            }
            let value = Some(Span::new(start, cursor.at()));
            match &*key {
                b"id" => chunk.id = value,
                b"object" => chunk.object = value,
                b"created" => chunk.created = value,
                b"model" => chunk.model = value,
                b"provider" => chunk.provider = value,
                b"system_fingerprint" => chunk.system_fingerprint = value,
                b"service_tier" => chunk.service_tier = value,
                b"choices" => chunk.choices = value,
                b"usage" => chunk.usage = value.filter(|_| kind == Kind::Object),
                b"error" => chunk.error = value.filter(|_| kind != Kind::Null),
                _ => {}
            }
        }
        cursor.end()?;
        chunk.error = chunk.error.or(inner);
        Ok(chunk)
    }

    /// Is it the chunk that tells the usage and speaks of no choice?
    #[must_use]
    pub fn is_usage(&self) -> bool {
        self.usage.is_some() && self.seen == 0
    }

    /// Reads all choices, and returns the last error among them.
    fn choices(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<Span>, Syntax> {
        let (mut position, mut error) = (0, None);
        cursor.array()?;
        // Of two lists the last counts.
        self.strict = self.choices.is_none();
        while cursor.next_item()? {
            match cursor.peek()? {
                Kind::Object => error = self.choice(cursor, position)?.or(error),
                _ => drop(cursor.skip()?),
            }
            position += 1;
        }
        self.strict &= position == 1;
        Ok(error)
    }

    fn choice(&mut self, cursor: &mut Cursor<'_>, place: u64) -> Result<Option<Span>, Syntax> {
        let json = cursor.source();
        let (mut index, mut finished, mut error) = (place, false, None);
        let (mut indexed, mut speaks, mut reasons) = (false, false, 0);
        cursor.object()?;
        while let Some(key) = cursor.next_member()? {
            match &*key.bytes(json) {
                name @ (b"delta" | b"message") => {
                    let said = content::message(cursor, name == b"message")?;
                    speaks = true;
                    self.words = said.words.filter(|_| place == 0 && self.content == 0);
                    self.calls |= said.calls;
                    self.strict &= said.strict;
                    self.thought = self.thought.saturating_add(said.thought);
                    self.add(said.bytes);
                }
                b"text" => {
                    self.words = None;
                    speaks = true;
                    self.add(content::text(cursor)?);
                }
                b"index" => {
                    index = integer(cursor.skip()?.of(json)).unwrap_or(place);
                    indexed = true;
                }
                b"native_finish_reason" => {
                    self.strict = false;
                    cursor.skip()?;
                }
                b"finish_reason" => {
                    let null = cursor.peek()? == Kind::Null;
                    let start = cursor.at();
                    reasons += 1;
                    if let Some(finish) = Finish::read(cursor)? {
                        finished = true;
                        self.finish = Some(finish);
                        self.finish_reason = Some(Span::new(start, cursor.at()));
                    } else {
                        self.strict &= null;
                    }
                }
                b"error" => {
                    let kind = cursor.peek()?;
                    error = Some(cursor.skip()?).filter(|_| kind != Kind::Null);
                }
                _ => drop(cursor.skip()?),
            }
        }
        self.strict &= indexed && speaks && reasons == 1;
        let bit = 1 << index.min(127);
        self.seen |= bit;
        self.finished |= if finished { bit } else { 0 };
        Ok(error)
    }

    fn add(&mut self, content: u32) {
        self.content = self.content.saturating_add(content);
    }
}
