//! An answer in our own words: our id, the model that served, the provider, what it cost.
//!
//! One splice over the places that [`Chunk`] has found; what is not ours stays byte for byte.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use super::Chunk;
use super::json::{Cursor, Span, Syntax};
use super::mend::{self, Begun, Edit, Of};

/// What is told otherwise than the upstream told it. All values are JSON. See the example of [`retell`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Telling<'a> {
    /// `id`.
    pub id: &'a str,
    /// `object`.
    pub object: &'a str,
    /// `created`: one answer came at one time, whoever tells of it.
    pub created: &'a str,
    /// `model`.
    pub model: &'a str,
    /// `provider`.
    pub provider: &'a str,
    /// `usage`; on a chunk of a stream it is taken out instead.
    pub usage: Option<&'a str>,
}

/// Retells one whole answer, or one chunk of a stream when `usage` is none.
///
/// ```
/// use switchtower::wire::{Chunk, json::Syntax, retell::{Telling, retell}};
///
/// let json = br#"{"id":"x","model":"m-2","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}"#;
/// let telling = Telling {
///     id: r#""gen-1""#,
///     object: r#""chat.completion.chunk""#,
///     created: "7",
///     model: r#""acme/m""#,
///     provider: r#""Acme""#,
///     usage: None,
/// };
/// let told = retell(json, &Chunk::read(json)?, &telling);
/// assert_eq!(String::from_utf8_lossy(&told), concat!(
///     r#"{"object":"chat.completion.chunk","created":7,"provider":"Acme","id":"gen-1","model":"acme/m","#,
///     r#""choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop","native_finish_reason":"stop"}]}"#,
/// ));
/// # Ok::<_, Syntax>(())
/// ```
pub fn retell(json: &[u8], chunk: &Chunk, telling: &Telling<'_>) -> Vec<u8> {
    retold(json, chunk, telling, &mut Begun::default()).0
}

/// The same, after other chunks of the stream, and where the chunk's words stand in it, if another one may be told likewise.
pub(crate) fn retold(
    json: &[u8],
    chunk: &Chunk,
    telling: &Telling<'_>,
    begun: &mut Begun,
) -> (Vec<u8>, Option<Range<usize>>) {
    let whole = telling.usage.is_some();
    let open = json
        .iter()
        .position(|byte| *byte == b'{')
        .map_or(0, |brace| brace + 1);
    let mut edits: Vec<Edit<'_>> = Vec::with_capacity(12);
    // The provider at least is.
    let mut missing = String::with_capacity(64);
    let mut empty = json[open..].trim_ascii_start().starts_with(b"}");
    let mut add = |name: &str, value: &str| {
        ["\"", name, "\":", value, ","]
            .iter()
            .for_each(|piece| missing.push_str(piece));
    };
    let tell = [
        ("id", chunk.id, telling.id),
        ("object", chunk.object, telling.object),
        ("created", chunk.created, telling.created),
        ("model", chunk.model, telling.model),
        ("provider", chunk.provider, telling.provider),
    ];
    for (name, span, value) in tell {
        match span {
            Some(span) => edits.push((span.range(), value.as_bytes().into())),
            None => add(name, value),
        }
    }
    match (chunk.usage, telling.usage) {
        (Some(span), Some(usage)) => edits.push((span.range(), usage.as_bytes().into())),
        // One that reports nothing, such as null, would stand after ours and win.
        (None, Some(usage)) => match nothing(json) {
            Some(span) => edits.push((span.range(), usage.as_bytes().into())),
            None => add("usage", usage),
        },
        // Strict clients want an object there, or nothing.
        (usage, None) if usage.is_some() || memmem::find(json, b"\"usage\"").is_some() => {
            empty |= without(json, 0, &["usage"], &mut edits).unwrap_or(false);
        }
        (_, None) => {}
    }
    match chunk.system_fingerprint {
        // Strict clients want a string in a chunk, or nothing; and the key in a whole answer.
        Some(span) if !whole && span.of(json) == b"null" => {
            edits.push((span.range(), b"\"\"".into()));
        }
        None if whole && chunk.choices.is_some() => add("system_fingerprint", "null"),
        _ => {}
    }
    if let Some((span, tier)) = chunk
        .service_tier
        .and_then(|it| Some((it, tier(it.of(json))?)))
    {
        edits.push((span.range(), tier.as_bytes().into()));
    }
    match chunk.choices {
        // Strict clients walk them, be there any or not.
        Some(span) if !whole && span.of(json) == b"null" => {
            edits.push((span.range(), b"[]".into()))
        }
        None if !whole => add("choices", "[]"),
        // Nothing else is to be mended, so nobody looks for it.
        Some(_) if chunk.strict => {
            if let (Some(span), Some(finish)) = (chunk.finish_reason, chunk.finish) {
                let told = mend::told(span.of(json), finish, true);
                edits.push((span.range(), told.into()));
            }
        }
        // The chunk has been read, so it is JSON.
        Some(span) => drop(mend::choices(json, span, of(telling), begun, &mut edits)),
        None => {}
    }
    // How a choice begins is not how it goes on, if something was mended.
    let alike = !begun.hear(chunk.seen) || chunk.strict;
    if empty {
        // No member follows the last comma.
        missing.pop();
    }
    edits.push((open..open, missing.into_bytes().into()));
    let (told, words) = splice(json, edits, chunk.words.map(Span::range));
    (told, words.filter(|_| alike))
}

/// Whose choices they are.
fn of<'a>(telling: &Telling<'a>) -> Of<'a> {
    let chat = telling.object.starts_with("\"chat.");
    Of {
        id: telling.id,
        delta: chat && telling.usage.is_none(),
    }
}

/// What strict clients know a tier by that they do not know by this name.
fn tier(own: &[u8]) -> Option<&'static str> {
    match own {
        b"null" | b"\"default\"" | b"\"auto\"" | b"\"flex\"" | b"\"priority\"" | b"\"scale\"" => {
            None
        }
        b"\"standard\"" | b"\"on_demand\"" => Some("\"default\""),
        _ => Some("null"),
    }
}

/// Takes the members of these names out of an object that stands at `base`, each with one comma. Is no other member left?
pub(super) fn without(
    json: &[u8],
    base: usize,
    names: &[&str],
    edits: &mut Vec<Edit<'_>>,
) -> Result<bool, Syntax> {
    let mut cursor = Cursor::new(json)?;
    cursor.object()?;
    let (mut at, mut front) = (cursor.at(), true);
    while let Some(key) = cursor.next_member()? {
        let mut end = cursor.skip()?.range().end;
        if names.iter().any(|name| key.is(json, name)) {
            let rest = json[end..].trim_ascii_start();
            if front && rest.starts_with(b",") {
                end = json.len() - rest.len() + 1;
            }
            edits.push((base + at..base + end, Cow::default()));
        } else {
            front = false;
        }
        at = end;
    }
    Ok(front)
}

/// Where the last `usage` stands, which counts, though it is no object.
fn nothing(json: &[u8]) -> Option<Span> {
    let mut cursor = Cursor::new(json).ok()?;
    cursor.object().ok()?;
    let mut last = None;
    while let Some(key) = cursor.next_member().ok()? {
        cursor.peek().ok()?;
        let value = cursor.skip().ok()?;
        if key.is(json, "usage") {
            last = Some(value);
        }
    }
    last
}

/// Makes the edits, none of which touches the `words`, and says where those have gone.
pub(super) fn splice(
    json: &[u8],
    mut edits: Vec<Edit<'_>>,
    words: Option<Range<usize>>,
) -> (Vec<u8>, Option<Range<usize>>) {
    // What is put in at a place comes before what is taken out from there on.
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let added: usize = edits.iter().map(|(_, with)| with.len()).sum();
    let mut told = Vec::with_capacity(json.len() + added);
    let mut at = 0;
    let mut gone = words.clone();
    for (range, with) in edits {
        told.extend_from_slice(&json[at..range.start]);
        told.extend_from_slice(&with);
        at = range.end;
        if let Some(words) = words.as_ref().filter(|words| range.end <= words.start) {
            let start = told.len() + words.start - at;
            gone = Some(start..start + words.len());
        }
    }
    told.extend_from_slice(&json[at..]);
    (told, gone)
}
