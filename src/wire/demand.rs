//! Does a parameter ask anything of an endpoint, or does it say what is so anyway?

use super::json::{Cursor, Kind, Span, Syntax, Text};
use super::{Field, shape};

/// Whether this value of a parameter asks nothing, by its text alone.
pub(super) fn is_idle(field: Field, value: Span, body: &[u8]) -> bool {
    let text = value.of(body);
    match field {
        _ if shape::hollow(text) => true,
        Field::IncludeReasoning | Field::StructuredOutputs | Field::Logprobs => text == b"false",
        Field::ReasoningEffort => {
            text.first() == Some(&b'"') && Text::within(value, body).is(body, "none")
        }
        _ => false,
    }
}

/// What does a format ask of an endpoint?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Text, which is what everybody writes.
    Text,
    /// What a schema describes.
    Schema,
    /// Anything else.
    Other,
}

/// Reads `response_format`, which is an object.
pub(super) fn format(cursor: &mut Cursor<'_>) -> Result<Format, Syntax> {
    let (text, mut format) = (cursor.source(), Format::Other);
    cursor.object()?;
    while let Some(key) = cursor.next_member()? {
        let kind = cursor.peek()?;
        let value = cursor.skip()?;
        if key.is(text, "type") {
            format = match kind {
                Kind::String => Format::named(&Text::within(value, text).bytes(text)),
                _ => Format::Other,
            };
        }
    }
    Ok(format)
}

/// Reads `reasoning`, which is an object: does it ask for any? Not if it is switched off, nor if it says no more than
/// that what was thought be hidden.
pub(super) fn reasoning(cursor: &mut Cursor<'_>) -> Result<bool, Syntax> {
    let text = cursor.source();
    let (mut disabled, mut effortless, mut asks) = (false, false, false);
    cursor.object()?;
    while let Some(key) = cursor.next_member()? {
        let kind = cursor.peek()?;
        let value = cursor.skip()?;
        match &*key.bytes(text) {
            b"enabled" => disabled = value.of(text) == b"false",
            b"effort" => {
                effortless = kind == Kind::String && Text::within(value, text).is(text, "none");
            }
            b"exclude" => continue,
            _ => {}
        }
        asks |= kind != Kind::Null;
    }
    Ok(asks && !disabled && !effortless)
}

// === impl Format ===

impl Format {
    fn named(name: &[u8]) -> Self {
        match name {
            b"text" => Self::Text,
            b"json_schema" => Self::Schema,
            _ => Self::Other,
        }
    }
}
