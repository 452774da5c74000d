//! The one pass that makes a `View`.

use std::num::NonZeroU32;

use super::demand::{self, Format};
use super::field::folded;
use super::json::{Cursor, Kind, Span, integer};
use super::messages::Messages;
use super::view::Member;
use super::{Field, Fields, Invalid, Modalities, Partition, Preferences, Tier, View, shape};

/// As many as OpenAI gives (`n` in its API reference).
const CHOICES: u64 = 128;

impl View {
    /// Reads a whole request body.
    ///
    /// # Errors
    ///
    /// When it is not one JSON object in UTF-8, nested at most 128 levels deep, in which each known field
    /// stands once and has the right type.
    pub fn read(body: &[u8]) -> Result<Self, Invalid> {
        let at = body.len() - body.trim_ascii_start().len();
        match body.get(at) {
            None => return Err(Invalid::Empty),
            Some(b'{') => {}
            Some(_) => return Err(Invalid::NotAnObject { at }),
        }
        // Where it is not, the slower check says at which byte.
        if simdutf8::basic::from_utf8(body).is_err() {
            let at = std::str::from_utf8(body).map_or_else(|e| e.valid_up_to(), str::len);
            return Err(Invalid::NotUtf8 { at });
        }
        let mut cursor = Cursor::new(body)?;
        cursor.object()?;
        let mut view = Self::blank(cursor.at() as u32);
        loop {
            let start = cursor.at() as u32;
            let Some(key) = cursor.next_member()? else {
                break;
            };
            view.count += 1;
            let name = key.bytes(body);
            let Some(field) = Field::named(&name) else {
                if let Some(field) = Field::folded(&name) {
                    let (field, at) = (field.name(), key.span().start as usize - 1);
                    return Err(Invalid::Miscased { field, at });
                }
                cursor.skip()?;
                continue;
            };
            if view.has(field) {
                let (field, at) = (field.name(), key.span().start as usize - 1);
                return Err(Invalid::Duplicate { field, at });
            }
            let value = view.field(field, &mut cursor)?;
            view.members[field as usize] = Member { start, value };
        }
        cursor.end()?;
        if !view.tools {
            view.parameters = view.parameters.without(Fields::OF_TOOLS);
        }
        if let Some(route) = view.route {
            let preferences = view.preferences.get_or_insert_default();
            preferences.partition.get_or_insert(route);
        }
        Ok(view)
    }

    fn blank(open: u32) -> Self {
        Self {
            open,
            count: 0,
            members: [Member::default(); Field::COUNT],
            include_usage: None,
            stream: false,
            tools: false,
            usage: false,
            choices: NonZeroU32::MIN,
            max_tokens: None,
            max_completion_tokens: None,
            unserved: None,
            parameters: Fields::NONE,
            messages: Messages::default(),
            output: Modalities::NONE,
            tier: None,
            route: None,
            preferences: None,
        }
    }

    /// Checks the value of a known field, and keeps what it says.
    fn field(&mut self, field: Field, cursor: &mut Cursor<'_>) -> Result<Span, Invalid> {
        let (kinds, expected) = shape(field);
        let kind = shape::kind(cursor, field.name(), kinds, expected)?;
        let start = cursor.at();
        let text = cursor.source();
        let mut asks = true;
        match (field, kind) {
            (Field::Models, Kind::Array) => {
                shape::strings(cursor, field.name(), expected, |_| true)?;
            }
            (Field::Messages, _) => {
                let strange = self.messages.held.strange;
                self.messages = Messages::read(cursor)?;
                self.messages.held.strange = self.messages.held.strange.or(strange);
            }
            (Field::Input, Kind::Array) => self.embedded(cursor)?,
            (Field::ResponseFormat, Kind::Object) => {
                let format = demand::format(cursor)?;
                asks = format != Format::Text;
                if format == Format::Schema {
                    self.parameters = self.parameters.with(Field::StructuredOutputs);
                }
            }
            (Field::Reasoning, Kind::Object) => asks = demand::reasoning(cursor)?,
            (Field::StreamOptions, Kind::Object) => self.stream_options(cursor)?,
            (Field::Provider, Kind::Object) => {
                self.preferences = Some(Box::new(Preferences::read(cursor)?));
            }
            (Field::Route, _) => {
                self.route = shape::choice(cursor, field.name(), expected, Partition::of_route)?;
            }
            (Field::ServiceTier, _) => {
                let tier = shape::choice(cursor, field.name(), expected, Tier::asked)?;
                self.tier = tier.flatten();
            }
            (Field::Modalities, _) => self.output = Modalities::read(cursor, field.name())?,
            _ => drop(cursor.skip()?),
        }
        let value = Span::new(start, cursor.at());
        let mistyped = || shape::mistyped(field.name(), expected, start);
        if asks && Fields::PARAMETERS.contains(field) && !demand::is_idle(field, value, text) {
            self.parameters = self.parameters.with(field);
        }
        match field {
            Field::Stream => self.stream = value.of(text) == b"true",
            Field::Messages if self.messages.count == 0 => return Err(mistyped()),
            Field::Tools => self.tools = !shape::hollow(value.of(text)),
            Field::MaxTokens | Field::MaxCompletionTokens | Field::N if kind == Kind::Number => {
                let number = integer(value.of(text)).filter(|n| *n > 0);
                let number = number.ok_or_else(mistyped)?;
                match field {
                    Field::MaxTokens => self.max_tokens = Some(number),
                    Field::MaxCompletionTokens => self.max_completion_tokens = Some(number),
                    _ if number > CHOICES => return Err(mistyped()),
                    _ => self.choices = NonZeroU32::new(number as u32).ok_or_else(mistyped)?,
                }
            }
            Field::Plugins | Field::Preset | Field::Transforms
                if !shape::hollow(value.of(text)) =>
            {
                self.unserved = self.unserved.or(Some(field));
            }
            _ => {}
        }
        Ok(value)
    }

    /// Of what is to be read but is no text nobody knows what it takes.
    fn embedded(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Invalid> {
        cursor.array()?;
        while cursor.next_item()? {
            let kind = cursor.peek()?;
            let item = cursor.skip()?;
            if kind == Kind::Object {
                self.messages.held.strange.get_or_insert(item);
            }
        }
        Ok(())
    }

    fn stream_options(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Invalid> {
        let field = "stream_options.include_usage";
        cursor.object()?;
        while let Some(key) = cursor.next_member()? {
            let at = key.span().start as usize - 1;
            let name = key.bytes(cursor.source());
            if &*name != b"include_usage" {
                if folded(&name).as_deref() == Some("include_usage") {
                    return Err(Invalid::Miscased { field, at });
                }
                cursor.skip()?;
                continue;
            }
            if self.include_usage.is_some() {
                return Err(Invalid::Duplicate { field, at });
            }
            let start = shape::at(cursor)?;
            self.usage = shape::flag(cursor, field)? == Some(true);
            self.include_usage = Some(Span::new(start, cursor.at()));
        }
        Ok(())
    }
}

/// Which kinds may a field's value be of, and how is that said?
fn shape(field: Field) -> (&'static [Kind], &'static str) {
    use Kind::{Array, Bool, Null, Number, Object, String};
    match field {
        Field::Model => (&[String], "a string"),
        Field::Models => (&[Array, Null], "an array of strings or null"),
        Field::Messages => (&[Array], "a non-empty array"),
        Field::Stream => (&[Bool, Null], "a boolean or null"),
        Field::MaxTokens | Field::MaxCompletionTokens => {
            (&[Number, Null], "a positive whole number or null")
        }
        Field::N => (&[Number, Null], "a whole number from 1 to 128 or null"),
        Field::Tools => (&[Array, Null], "an array or null"),
        Field::StreamOptions | Field::Provider | Field::Usage => {
            (&[Object, Null], "an object or null")
        }
        Field::Route => (&[String, Null], "\"fallback\", \"sort\" or null"),
        Field::ServiceTier => (
            &[String, Null],
            "null, `auto`, `default`, `fast`, `flex`, `priority` or `scale`",
        ),
        Field::User | Field::SessionId | Field::PromptCacheKey => {
            (&[String, Null], "a string or null")
        }
        Field::Prompt
        | Field::Input
        | Field::Trace
        | Field::Debug
        | Field::Plugins
        | Field::Preset
        | Field::Transforms
        | Field::Modalities
        | Field::Temperature
        | Field::TopP
        | Field::TopK
        | Field::MinP
        | Field::TopA
        | Field::FrequencyPenalty
        | Field::PresencePenalty
        | Field::RepetitionPenalty
        | Field::LogitBias
        | Field::Logprobs
        | Field::TopLogprobs
        | Field::Prediction
        | Field::Seed
        | Field::ResponseFormat
        | Field::StructuredOutputs
        | Field::Stop
        | Field::ToolChoice
        | Field::ParallelToolCalls
        | Field::IncludeReasoning
        | Field::Reasoning
        | Field::ReasoningEffort
        | Field::WebSearchOptions
        | Field::Verbosity => (&[Object, Array, String, Number, Bool, Null], "a value"),
    }
}
