use super::Field;

/// What is asked of a model?
///
/// ```
/// use switchtower::wire::{Field, Operation};
///
/// let operation = Operation::of("/api/v1/chat/completions");
/// assert_eq!(operation, Some(Operation::Chat));
/// assert_eq!(Operation::Chat.required(), Field::Messages);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `chat/completions`: the next message.
    Chat,
    /// `completions`: the end of a text.
    Completion,
    /// `embeddings`: the place of a text in a space.
    Embedding,
}

// === impl Operation ===

impl Operation {
    /// The operation at the end of this path, whatever it is mounted under.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let named = |operation: &Self| {
            let rest = path.strip_suffix(operation.path());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        [Self::Chat, Self::Completion, Self::Embedding]
            .into_iter()
            .find(named)
    }

    /// Its path, as providers append it to their base URL.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat/completions",
            Self::Completion => "completions",
            Self::Embedding => "embeddings",
        }
    }

    /// The `object` of a whole answer, and of one chunk of a stream.
    #[must_use]
    pub const fn objects(self) -> (&'static str, &'static str) {
        match self {
            Self::Chat => ("chat.completion", "chat.completion.chunk"),
            Self::Completion => ("text_completion", "text_completion"),
            Self::Embedding => ("list", "list"),
        }
    }

    /// May its answer be a stream?
    #[must_use]
    pub const fn streams(self) -> bool {
        !matches!(self, Self::Embedding)
    }

    /// The field without which nobody could answer.
    #[must_use]
    pub const fn required(self) -> Field {
        match self {
            Self::Chat => Field::Messages,
            Self::Completion => Field::Prompt,
            Self::Embedding => Field::Input,
        }
    }
}
