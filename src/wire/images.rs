//! How many images does a prompt hold?

use super::json::{Cursor, Kind, Syntax};
use super::{Field, View};

// === impl View ===

impl View {
    /// How many images `messages` hold: parts of type `image_url`.
    ///
    /// It passes over the messages once more, so only who is asked for a price per image need ask.
    ///
    /// ```
    /// use switchtower::wire::View;
    ///
    /// let body = br#"{"messages":[{"role":"user","content":[
    ///     {"type":"text","text":"What is it?"},
    ///     {"type":"image_url","image_url":{"url":"https://acme.test/a.png"}}]}]}"#;
    /// assert_eq!(View::read(body)?.images(body), 1);
    /// # Ok::<(), switchtower::wire::Invalid>(())
    /// ```
    #[must_use]
    pub fn images(&self, body: &[u8]) -> u64 {
        let messages = self.value(Field::Messages).map(|span| span.of(body));
        let mut count = 0;
        // What cannot be read has been refused before.
        let _ = messages.map(|messages| read(messages, &mut count));
        count
    }
}

fn read(messages: &[u8], count: &mut u64) -> Result<(), Syntax> {
    let mut cursor = Cursor::new(messages)?;
    items(&mut cursor, |message| {
        members(message, |name, value| match name {
            b"content" => items(value, |part| {
                members(part, |name, value| {
                    if name == b"type" && value.peek()? == Kind::String {
                        let text = value.string()?;
                        *count += u64::from(text.is(value.source(), "image_url"));
                        return Ok(());
                    }
                    value.skip().map(drop)
                })
            }),
            _ => value.skip().map(drop),
        })
    })
}

/// Hands on each item of an array; anything else has none.
fn items<'a>(
    cursor: &mut Cursor<'a>,
    mut each: impl FnMut(&mut Cursor<'a>) -> Result<(), Syntax>,
) -> Result<(), Syntax> {
    if cursor.peek()? != Kind::Array {
        return cursor.skip().map(drop);
    }
    cursor.array()?;
    while cursor.next_item()? {
        each(cursor)?;
    }
    Ok(())
}

/// Hands on each member of an object; anything else has none.
fn members<'a>(
    cursor: &mut Cursor<'a>,
    mut each: impl FnMut(&[u8], &mut Cursor<'a>) -> Result<(), Syntax>,
) -> Result<(), Syntax> {
    if cursor.peek()? != Kind::Object {
        return cursor.skip().map(drop);
    }
    cursor.object()?;
    while let Some(key) = cursor.next_member()? {
        each(&key.bytes(cursor.source()), cursor)?;
    }
    Ok(())
}
