//! What the messages of a request hold, counted in passing.

use super::json::{Cursor, Kind, Span, Syntax};
use super::{Modality, shape};

/// What do the messages hold?
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Messages {
    pub(super) count: u32,
    pub(super) held: Held,
    // The `images` of former answers, and the bytes of what they hold.
    pub(super) shown: u32,
    pub(super) shown_data: u32,
    // The first message that instructs, and the first that does not.
    pub(super) opening: [Option<Span>; 2],
    pub(super) end_with_assistant: bool,
}

/// What does it hold that costs, or that an endpoint must be able to read?
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    // Bytes of text as it is spelled. A text of 4 GiB has no cursor, so that no count overflows.
    pub(super) text: u32,
    // By `Modality`.
    pub(super) media: [u32; Modality::ALL.len()],
    // Bytes of what those parts hold, such as a picture or the place of one.
    pub(super) data: [u32; Modality::ALL.len()],
    // The first thing of which nobody knows what it takes.
    pub(super) strange: Option<Span>,
    pub(super) marked: bool,
}

/// What does a message say?
enum Content {
    Text(u32),
    Parts(Held),
}

/// What is a part of a message?
#[derive(Clone, Copy)]
enum Part {
    /// Words.
    Text,
    /// Something else that is known.
    Medium(Modality),
    /// Nobody knows.
    Strange,
}

/// Who speaks?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Instructor,
    Assistant,
    Other,
}

// === impl Messages ===

impl Messages {
    /// Reads an array of anything: what is no message counts as one that says nothing. Of a key that is given twice the last
    /// value counts, as it does for most readers.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Syntax> {
        let mut found = Self::default();
        cursor.array()?;
        while cursor.next_item()? {
            let kind = cursor.peek()?;
            let start = cursor.at();
            let role = match kind {
                Kind::Object => found.message(cursor)?,
                _ => cursor.skip().map(|_| Role::Other)?,
            };
            let span = Span::new(start, cursor.at());
            found.count += 1;
            found.end_with_assistant = role == Role::Assistant;
            found.opening[usize::from(role != Role::Instructor)].get_or_insert(span);
        }
        Ok(found)
    }

    fn message(&mut self, cursor: &mut Cursor<'_>) -> Result<Role, Syntax> {
        let (mut role, mut content, mut calls) = (Role::Other, Content::Text(0), 0);
        let text = cursor.source();
        cursor.object()?;
        while let Some(key) = cursor.next_member()? {
            match &*key.bytes(text) {
                b"role" => role = Role::read(cursor)?,
                b"content" => content = Content::read(cursor)?,
                b"tool_calls" => {
                    let value = cursor.skip()?;
                    let calling = !shape::hollow(value.of(text));
                    calls = if calling { value.len() as u32 } else { 0 };
                }
                b"images" if cursor.peek()? == Kind::Array => {
                    let shown = Held::read(cursor)?;
                    let image = Modality::Image as usize;
                    self.shown += shown.media[image];
                    self.shown_data += shown.data[image];
                    self.held.strange = self.held.strange.or(shown.strange);
                }
                b"audio" if cursor.peek()? == Kind::Object => {
                    let heard = cursor.skip()?;
                    self.held.strange.get_or_insert(heard);
                }
                _ => drop(cursor.skip()?),
            }
        }
        self.held.text += calls;
        match content {
            Content::Text(len) => self.held.text += len,
            Content::Parts(held) => self.held.add(&held),
        }
        Ok(role)
    }
}

// === impl Content ===

impl Content {
    #[inline]
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Syntax> {
        match cursor.peek()? {
            Kind::String => Ok(Self::Text(cursor.string()?.span().len() as u32)),
            Kind::Array => Held::read(cursor).map(Self::Parts),
            _ => cursor.skip().map(|_| Self::Text(0)),
        }
    }
}

// === impl Held ===

impl Held {
    /// Reads an array of parts.
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Syntax> {
        let mut held = Self::default();
        cursor.array()?;
        while cursor.next_item()? {
            match cursor.peek()? {
                Kind::Object => held.part(cursor)?,
                Kind::String => held.text += cursor.string()?.span().len() as u32,
                _ => drop(cursor.skip()?),
            }
        }
        Ok(held)
    }

    fn part(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Syntax> {
        let (mut kind_of, mut text, mut marks) = (Part::Strange, 0, [false; 2]);
        let mut data = [0u32; Modality::ALL.len()];
        let source = cursor.source();
        let start = cursor.at();
        cursor.object()?;
        while let Some(key) = cursor.next_member()? {
            let key = key.bytes(source);
            match (&*key, cursor.peek()?) {
                (b"type", Kind::String) => kind_of = Part::named(&cursor.string()?.bytes(source)),
                (b"text", Kind::String) => text = cursor.string()?.span().len() as u32,
                (name, kind) => {
                    let value = cursor.skip()?;
                    match name {
                        b"type" => kind_of = Part::Strange,
                        b"text" => text = 0,
                        b"cache_control" => marks[0] = kind != Kind::Null,
                        b"prompt_cache_breakpoint" => marks[1] = kind != Kind::Null,
                        name => {
                            if let Some(medium) = medium_of(name) {
                                data[medium as usize] += value.len() as u32;
                            }
                        }
                    }
                }
            }
        }
        self.text += text;
        self.marked |= marks.contains(&true);
        match kind_of {
            Part::Text => {}
            Part::Medium(medium) => {
                self.media[medium as usize] += 1;
                self.data[medium as usize] += data[medium as usize];
            }
            Part::Strange => {
                let part = Span::new(start, cursor.at());
                self.strange.get_or_insert(part);
            }
        }
        Ok(())
    }

    fn add(&mut self, other: &Self) {
        self.text += other.text;
        self.marked |= other.marked;
        for (sum, more) in self.media.iter_mut().zip(other.media) {
            *sum += more;
        }
        for (sum, more) in self.data.iter_mut().zip(other.data) {
            *sum += more;
        }
        self.strange = self.strange.or(other.strange);
    }
}

// === impl Part ===

impl Part {
    fn named(name: &[u8]) -> Self {
        match name {
            b"text" | b"refusal" | b"thinking" | b"redacted_thinking" | b"reasoning" => Self::Text,
            name => medium_of(name).map_or(Self::Strange, Self::Medium),
        }
    }
}

/// The medium of a part of this type, if it has one; it stands in a member of the same name.
fn medium_of(kind: &[u8]) -> Option<Modality> {
    match kind {
        b"image_url" => Some(Modality::Image),
        b"input_audio" => Some(Modality::Audio),
        b"video_url" | b"input_video" => Some(Modality::Video),
        b"file" => Some(Modality::File),
        _ => None,
    }
}

// === impl Role ===

impl Role {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Syntax> {
        if cursor.peek()? != Kind::String {
            return cursor.skip().map(|_| Self::Other);
        }
        Ok(match &*cursor.string()?.bytes(cursor.source()) {
            b"system" | b"developer" => Self::Instructor,
            b"assistant" => Self::Assistant,
            _ => Self::Other,
        })
    }
}
