use std::borrow::Cow;
use std::num::NonZeroU32;

use super::json::{Cursor, Span, Text};
use super::{Field, Fields, Modalities, Partition, Preferences, Tier};

/// What does the request say that matters on its way?
///
/// One pass over the body, which checks all of it; the messages are never materialised. A view borrows
/// nothing: it is kept beside the bytes it was made from, and the methods that take a `body` must be given
/// those same bytes.
///
/// That a field is absent is no error here: a gateway may have a default model, and embeddings have no
/// messages.
///
/// ```
/// use switchtower::wire::View;
///
/// let body = br#"{"model":"acme/large","stream":true,"max_tokens":64,"messages":[{"role":"user","content":"Hi"}]}"#;
/// let view = View::read(body)?;
/// assert_eq!(view.model(body).as_deref(), Some("acme/large"));
/// assert_eq!(view.max_output(), Some(64));
/// assert!(view.stream());
/// assert!(!view.wants_usage());
/// # Ok::<(), switchtower::wire::Invalid>(())
/// ```
#[derive(Clone, Debug)]
pub struct View {
    // One past the `{`, and how many members follow it.
    pub(super) open: u32,
    pub(super) count: u32,
    pub(super) members: [Member; Field::COUNT],
    // The value of `stream_options.include_usage`.
    pub(super) include_usage: Option<Span>,
    pub(super) stream: bool,
    pub(super) tools: bool,
    pub(super) usage: bool,
    pub(super) choices: NonZeroU32,
    pub(super) max_tokens: Option<u64>,
    pub(super) max_completion_tokens: Option<u64>,
    pub(super) unserved: Option<Field>,
    pub(super) parameters: Fields,
    pub(super) input: Modalities,
    pub(super) output: Modalities,
    pub(super) tier: Option<Tier>,
    pub(super) route: Option<Partition>,
    // The first message that instructs, and the first that does not.
    pub(super) opening: [Option<Span>; 2],
    pub(super) preferences: Option<Box<Preferences>>,
}

/// A top-level member, or none: then its value is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Member {
    // Where the value before it ends, or the object opens: the comma is part of it, unless it is the first.
    pub(super) start: u32,
    pub(super) value: Span,
}

// === impl View ===

impl View {
    /// `model`, the model asked for.
    #[must_use]
    pub fn model<'a>(&self, body: &'a [u8]) -> Option<Cow<'a, str>> {
        self.text(Field::Model, body)
    }

    /// `models`, the models to fall back on, in order.
    pub fn models<'a>(&self, body: &'a [u8]) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        let list = self.value(Field::Models).map(|span| span.of(body));
        let mut cursor = Cursor::new(list.unwrap_or(b"[]")).ok();
        if let Some(cursor) = &mut cursor {
            cursor.array().ok();
        }
        std::iter::from_fn(move || {
            let cursor = cursor.as_mut()?;
            let text = cursor.next_item().ok()?.then(|| cursor.string().ok())??;
            Some(text.decode(cursor.source()))
        })
        .fuse()
    }

    /// `stream`: whether the answer is to come as a stream of events.
    #[must_use]
    pub fn stream(&self) -> bool {
        self.stream
    }

    /// `stream_options.include_usage`: whether the caller wants the usage in the stream.
    #[must_use]
    pub fn wants_usage(&self) -> bool {
        self.usage
    }

    /// How many tokens one choice may have: `max_completion_tokens`, or else the older `max_tokens`.
    #[must_use]
    pub fn max_output(&self) -> Option<u64> {
        self.max_completion_tokens.or(self.max_tokens)
    }

    /// `n`: how many choices are asked for; 1 unless the request says otherwise.
    #[must_use]
    pub fn choices(&self) -> u32 {
        self.choices.get()
    }

    /// `provider`, and the deprecated `route`: which providers the caller wants.
    #[must_use]
    pub fn preferences(&self) -> Option<&Preferences> {
        self.preferences.as_deref()
    }

    /// How many bytes of JSON the prompt takes: `messages`, `prompt` and `input` together.
    #[must_use]
    pub fn prompt_bytes(&self) -> usize {
        [Field::Messages, Field::Prompt, Field::Input]
            .iter()
            .filter_map(|&field| self.value(field))
            .map(Span::len)
            .sum()
    }

    /// Whether `tools` offers any.
    #[must_use]
    pub fn has_tools(&self) -> bool {
        self.tools
    }

    /// The parameters that it sets, of those that one endpoint may support and another not.
    #[must_use]
    pub fn parameters(&self) -> Fields {
        self.parameters
    }

    /// The forms in which the prompt comes: text, and whatever parts its messages have.
    #[must_use]
    pub fn input(&self) -> Modalities {
        self.input
    }

    /// `modalities`: the forms in which the answer is to come; none if it does not say.
    #[must_use]
    pub fn output(&self) -> Modalities {
        self.output
    }

    /// `service_tier`, unless it leaves that to the provider.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        self.tier
    }

    /// Where a conversation is known by: its first message of a system or a developer, and its first of anybody
    /// else. They stay the same while it goes on.
    #[must_use]
    pub fn opening(&self) -> [Option<Span>; 2] {
        self.opening
    }

    /// The first field that would change what the answer means, but is not served yet: `plugins`, `preset`
    /// or `transforms`, unless it is null or empty.
    #[must_use]
    pub fn unserved(&self) -> Option<&'static str> {
        self.unserved.map(Field::name)
    }

    /// Whether the field is there, be it null.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        self.value(field).is_some()
    }

    /// Where the value of a field stands.
    #[must_use]
    pub fn value(&self, field: Field) -> Option<Span> {
        let Member { value, .. } = self.members[field as usize];
        (!value.is_empty()).then_some(value)
    }

    /// The value of a field, if it is a string: `user`, `session_id`, `prompt_cache_key`, `route`.
    #[must_use]
    pub fn text<'a>(&self, field: Field, body: &'a [u8]) -> Option<Cow<'a, str>> {
        let value = self.value(field)?;
        let quoted = value.of(body).first() == Some(&b'"');
        quoted.then(|| Text::within(value, body).decode(body))
    }
}
