use super::json::{Cursor, Kind, Syntax};

/// Why did a choice end?
///
/// A [`Chunk`](super::Chunk) tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finish {
    /// `stop`: all is said.
    Stop,
    /// `length`, or `max_tokens` as others say: the token limit, or the end of the context.
    Length,
    /// `tool_calls`, or the older `function_call`: it is the caller's turn.
    ToolCalls,
    /// `content_filter`, or `refusal` as Anthropic says: cut off.
    ContentFilter,
    /// `error`, or what others call it that is no fault of the model: broken off.
    Error,
    /// Something else; the [span](super::Chunk::finish_reason) says what.
    Other,
}

// === impl Finish ===

impl Finish {
    /// The word that every client knows; `stop` for what has none.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop | Self::Other => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Error => "error",
        }
    }

    /// Reads the value before which `cursor` stands: null is none.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, Syntax> {
        let finish = match cursor.peek()? {
            Kind::String => match &*cursor.string()?.bytes(cursor.source()) {
                b"" => return Ok(None),
                b"stop" => Self::Stop,
                b"length" | b"max_tokens" | b"MAX_TOKENS" => Self::Length,
                // Mistral's, and Z.AI's.
                b"model_length" | b"model_context_window_exceeded" => Self::Length,
                b"tool_calls" | b"function_call" | b"tool_use" => Self::ToolCalls,
                b"content_filter" | b"SAFETY" => Self::ContentFilter,
                // Anthropic's, and Z.AI's.
                b"refusal" | b"sensitive" => Self::ContentFilter,
                b"error" => Self::Error,
                // DeepSeek's, Z.AI's, and that of SGLang and vLLM.
                b"insufficient_system_resource" | b"network_error" | b"abort" => Self::Error,
                _ => Self::Other,
            },
            Kind::Null => return cursor.skip().map(|_| None),
            _ => cursor.skip().map(|_| Self::Other)?,
        };
        Ok(Some(finish))
    }
}
