use std::borrow::Cow;
use std::num::NonZeroU32;

use super::json::{Cursor, Kind, Span, Text, integer};
use super::messages::Messages;
use super::{Field, Fields, Modalities, Modality, Partition, Preferences, Tier};
use crate::short::Short;
use crate::usage::BYTES_PER_TOKEN;

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
    pub(super) messages: Messages,
    pub(super) output: Modalities,
    pub(super) tier: Option<Tier>,
    pub(super) route: Option<Partition>,
    pub(super) preferences: Option<Box<Preferences>>,
}

/// How much of `user` is kept, in bytes.
const USER: usize = 128;

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

    /// The larger of the two, if both are there: who knows one alone goes by that.
    #[must_use]
    pub fn longest_output(&self) -> Option<u64> {
        self.max_completion_tokens.max(self.max_tokens)
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

    /// How many bytes of JSON the text of the prompt takes: that of `messages`, their calls of tools, `prompt`, `input` and
    /// `tools`. Pictures and the like are left out: what they take nobody can tell from their bytes.
    #[must_use]
    pub fn text_bytes(&self) -> u64 {
        let tools = self.tools.then_some(Field::Tools);
        let spans = [Some(Field::Prompt), Some(Field::Input), tools].into_iter();
        let spans = spans.flatten().filter_map(|field| self.value(field));
        let others: u64 = spans.map(|span| span.len() as u64).sum();
        u64::from(self.messages.held.text) + others
    }

    /// How many tokens the prompt may take where nobody knows better: [`BYTES_PER_TOKEN`](crate::BYTES_PER_TOKEN) of its
    /// [text](Self::text_bytes) each, rounded up.
    #[must_use]
    pub fn prompt_tokens(&self) -> u64 {
        self.text_bytes().div_ceil(BYTES_PER_TOKEN)
    }

    /// How many bytes of JSON that takes which parts of this form hold, such as a picture or the place of one; in
    /// messages, and in the `images` of former answers.
    #[must_use]
    pub fn media_bytes(&self, modality: Modality) -> u64 {
        let shown = match modality {
            Modality::Image => self.messages.shown_data,
            _ => 0,
        };
        u64::from(self.messages.held.data[modality as usize]) + u64::from(shown)
    }

    /// How many images former answers hold, as `images` of their messages.
    #[must_use]
    pub fn shown(&self) -> u32 {
        self.messages.shown
    }

    /// The first part of the messages, or of `input`, of which nobody here knows what it takes.
    ///
    /// ```
    /// use switchtower::wire::View;
    ///
    /// let body = br#"{"messages": [{"role": "user", "content": [{"type": "hologram"}]}]}"#;
    /// let view = View::read(body)?;
    /// assert_eq!(view.strange_part().unwrap().of(body), br#"{"type": "hologram"}"#);
    /// # Ok::<(), switchtower::wire::Invalid>(())
    /// ```
    #[must_use]
    pub fn strange_part(&self) -> Option<Span> {
        self.messages.held.strange
    }

    /// How many `messages` there are.
    #[must_use]
    pub fn message_count(&self) -> u32 {
        self.messages.count
    }

    /// How many parts of this form the messages have: `image_url`, `file`, `input_audio`, `video_url` and `input_video`.
    /// Text is not counted, and of a part whose type nobody knows nothing is said.
    #[must_use]
    pub fn media(&self, modality: Modality) -> u32 {
        self.messages.held.media[modality as usize]
    }

    /// Whether the last message is an assistant's, for the model to go on with. Not every model does.
    #[must_use]
    pub fn ends_with_assistant(&self) -> bool {
        self.messages.end_with_assistant
    }

    /// Whether a part of a message says where a prompt cache may begin, as `cache_control` or `prompt_cache_breakpoint`.
    #[must_use]
    pub fn marks_cache(&self) -> bool {
        self.messages.held.marked
    }

    /// Of how many answers the best is asked for: `best_of` of a completion, each of which is billed. What is no whole number
    /// may be any.
    #[must_use]
    pub fn best_of(&self, body: &[u8]) -> Option<u64> {
        // Only completions have it, which are rare.
        self.value(Field::Prompt)?;
        let mut cursor = Cursor::new(body).ok()?;
        cursor.object().ok()?;
        let mut best = None;
        while let Ok(Some(key)) = cursor.next_member() {
            let found = cursor.skip().ok()?.of(body);
            if key.is(body, "best_of") && found != b"null" {
                // What is no whole number here may be one where floats are read.
                best = Some(integer(found).unwrap_or(u64::MAX)).max(best);
            }
        }
        best
    }

    /// How many prompts there are, each of which has answers of its own: of a completion, `prompt` may be a list of them. One
    /// where it is not.
    #[must_use]
    pub fn prompts(&self, body: &[u8]) -> u64 {
        let count = || {
            let prompt = self.value(Field::Prompt)?.of(body);
            let mut cursor = Cursor::new(prompt).ok()?;
            if cursor.peek().ok()? != Kind::Array {
                return None;
            }
            cursor.array().ok()?;
            let mut count = 0;
            while cursor.next_item().ok()? {
                // They are the tokens of one.
                if cursor.peek().ok()? == Kind::Number {
                    return None;
                }
                cursor.skip().ok()?;
                count += 1;
            }
            Some(count)
        };
        count().unwrap_or(1).max(1)
    }

    /// Whether the web may be searched for the answer: `web_search_options`, or a tool of that kind.
    #[must_use]
    pub fn may_search(&self, body: &[u8]) -> bool {
        let tools = self.value(Field::Tools).filter(|_| self.tools);
        self.parameters.contains(Field::WebSearchOptions)
            || tools.is_some_and(|tools| super::tools::search(tools.of(body)))
    }

    /// Whether `tools` offers any.
    #[must_use]
    pub fn has_tools(&self) -> bool {
        self.tools
    }

    /// The parameters that it needs, of those that one endpoint may support and another not.
    ///
    /// What says what is so anyway needs nobody, and does not count:
    ///
    /// | parameter | value |
    /// |---|---|
    /// | any | null, or an empty string, array or object |
    /// | `tool_choice`, `parallel_tool_calls` | any, without `tools` |
    /// | `response_format` | of type `text` |
    /// | `reasoning` | `enabled` is false, or `effort` is `none`, or nothing is said but `exclude` |
    /// | `reasoning_effort` | `none` |
    /// | `include_reasoning`, `structured_outputs`, `logprobs` | false |
    ///
    /// A `response_format` of type `json_schema` needs `structured_outputs` as well, since that is how an endpoint says that
    /// it keeps to a schema.
    ///
    /// ```
    /// use switchtower::wire::{Field, Fields, View};
    ///
    /// let body = br#"{"seed": 1, "top_k": null, "tools": [], "tool_choice": "auto", "reasoning": {"effort": "none"}}"#;
    /// assert_eq!(View::read(body)?.parameters(), Fields::of(&[Field::Seed]));
    /// # Ok::<(), switchtower::wire::Invalid>(())
    /// ```
    #[must_use]
    pub fn parameters(&self) -> Fields {
        self.parameters
    }

    /// The forms in which the prompt comes: text, and whatever parts its messages have. See [`media`](Self::media).
    #[must_use]
    pub fn input(&self) -> Modalities {
        let there = |modality: &Modality| self.media(*modality) > 0;
        let media = Modality::ALL.into_iter().filter(there);
        media.fold(Modalities::TEXT, Modalities::with)
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

    /// What a conversation is known by: its first message of a system or a developer, and its first of anybody
    /// else. They stay the same while it goes on.
    #[must_use]
    pub fn opening(&self) -> [Option<Span>; 2] {
        self.messages.opening
    }

    /// `user`, the end user by the caller's word: the first 128 bytes of it, if there are any.
    ///
    /// ```
    /// use switchtower::wire::View;
    ///
    /// let body = br#"{"user": "customer-7"}"#;
    /// assert_eq!(View::read(body)?.user(body).as_deref(), Some("customer-7"));
    /// # Ok::<(), switchtower::wire::Invalid>(())
    /// ```
    #[must_use]
    pub fn user(&self, body: &[u8]) -> Option<Short> {
        let user = self.text(Field::User, body)?;
        let kept = &user[..user.floor_char_boundary(USER)];
        (!kept.is_empty()).then(|| Short::from(kept))
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

    /// Whether the value of a field is an array.
    pub(crate) fn lists(&self, field: Field, body: &[u8]) -> bool {
        let value = self.value(field).map(|span| span.of(body));
        value.is_some_and(|value| value.starts_with(b"["))
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
