//! An event of one answer, told as if it were of another one that it goes on with.

use super::json::{Cursor, Kind, Span, Syntax, integer};
use super::mend::Edit;
use super::retell::{splice, without};
use super::{Chunk, json};

/// The first chunk of a stream: what all others say of themselves, they say as it does.
#[derive(Clone, Debug)]
pub(crate) struct First {
    json: Box<[u8]>,
    chunk: Chunk,
}

/// What is to be different in a chunk besides.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Instead<'a> {
    /// Its words, as they are spelled.
    pub(crate) words: Option<&'a [u8]>,
    /// So many tokens of the prompt were written by the answer that it goes on with.
    pub(crate) written: u64,
}

// === impl First ===

impl First {
    pub(crate) fn new(json: &[u8], chunk: &Chunk) -> Self {
        Self {
            json: json.into(),
            chunk: chunk.clone(),
        }
    }

    /// Does it speak of a choice?
    pub(crate) fn is_of_a_choice(&self) -> bool {
        self.chunk.seen != 0
    }

    /// Tells this chunk as one of the same answer. The role has been told before, and the thoughts are another's.
    pub(crate) fn adopt(&self, json: &[u8], chunk: &Chunk, instead: Instead<'_>) -> Vec<u8> {
        let mut edits: Vec<Edit<'_>> = Vec::with_capacity(12);
        let (mut missing, mut foreign) = (String::new(), Vec::new());
        let (its, own) = (&self.chunk, chunk);
        let told = [
            ("id", its.id, own.id),
            ("object", its.object, own.object),
            ("created", its.created, own.created),
            ("model", its.model, own.model),
            ("provider", its.provider, own.provider),
            (
                "system_fingerprint",
                its.system_fingerprint,
                own.system_fingerprint,
            ),
        ];
        for (name, its, own) in told {
            match (its.map(|span| span.of(&self.json)), own) {
                (Some(its), Some(own)) => edits.push((own.range(), its.into())),
                (Some(its), None) => {
                    missing += &format!("\"{name}\":{},", String::from_utf8_lossy(its));
                }
                (None, Some(_)) => foreign.push(name),
                (None, None) => {}
            }
        }
        if let (Some(span), Some(words)) = (own.words, instead.words) {
            edits.push((span.range(), words.into()));
        }
        // The chunk has been read, so it is JSON.
        if let Some(choices) = own.choices {
            let _ = without_role_and_thoughts(json, choices, &mut edits);
        }
        if let Some(usage) = own.usage.filter(|_| instead.written > 0) {
            let _ = as_written(json, usage, instead.written, &mut edits);
        }
        let mut empty = false;
        if !foreign.is_empty() {
            empty = without(json, 0, &foreign, &mut edits).unwrap_or(false);
        }
        if let Some(brace) = json.iter().position(|byte| *byte == b'{') {
            let open = brace + 1;
            if empty || json[open..].trim_ascii_start().starts_with(b"}") {
                missing.pop();
            }
            edits.push((open..open, missing.into_bytes().into()));
        }
        splice(json, edits, None).0
    }
}

/// What all deltas are told without.
const NOT_TOLD: [&str; 4] = [
    "role",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
];

fn without_role_and_thoughts(
    json: &[u8],
    choices: Span,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let (base, text) = (choices.start as usize, choices.of(json));
    let mut cursor = Cursor::new(text)?;
    if cursor.peek()? != Kind::Array {
        return Ok(());
    }
    cursor.array()?;
    while cursor.next_item()? {
        if cursor.peek()? != Kind::Object {
            cursor.skip()?;
            continue;
        }
        cursor.object()?;
        while let Some(key) = cursor.next_member()? {
            let kind = cursor.peek()?;
            let value = cursor.skip()?;
            if kind == Kind::Object && key.is(text, "delta") {
                let at = base + value.start as usize;
                without(value.of(text), at, &NOT_TOLD, edits)?;
            }
        }
    }
    Ok(())
}

/// What was said before is among the prompt of whoever goes on, but the caller has read it as a part of the answer.
fn as_written(
    json: &[u8],
    usage: Span,
    tokens: u64,
    edits: &mut Vec<Edit<'_>>,
) -> Result<(), Syntax> {
    let (base, text) = (usage.start as usize, usage.of(json));
    let (mut prompt, mut completion) = (None, None);
    let mut cursor = Cursor::new(text)?;
    cursor.object()?;
    while let Some(key) = cursor.next_member()? {
        cursor.peek()?;
        let value = cursor.skip()?;
        let number = integer(value.of(text)).map(|number| (value.range(), number));
        match &*key.bytes(text) {
            b"prompt_tokens" => prompt = number,
            b"completion_tokens" => completion = number,
            _ => {}
        }
    }
    let (Some((prompt_at, prompt)), Some((completion_at, completion))) = (prompt, completion)
    else {
        return Ok(());
    };
    let moved = tokens.min(prompt);
    let mut tell = |at: std::ops::Range<usize>, number: u64| {
        let number = number.to_string().into_bytes();
        edits.push((base + at.start..base + at.end, number.into()));
    };
    tell(prompt_at, prompt - moved);
    tell(completion_at, completion.saturating_add(moved));
    Ok(())
}

/// What stands between the quotes of the one string that is a chunk's words.
pub(crate) fn words(json: &[u8], chunk: &Chunk) -> Option<json::Text> {
    let words = chunk.words?;
    let quoted = Span {
        start: words.start - 1,
        end: words.end + 1,
    };
    Some(json::Text::within(quoted, json))
}
