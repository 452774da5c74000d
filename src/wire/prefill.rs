//! A request with the beginning of its answer, for a model to go on with.

use bytes::Bytes;

use super::{Edits, Field, View};

/// How is an endpoint told to go on with an answer that has begun?
///
/// In each way the text is the content of one more message, of the assistant, behind all others.
///
/// ```
/// use switchtower::wire::Prefill;
///
/// assert_eq!(Prefill::named("partial"), Some(Prefill::Partial));
/// assert!(!Prefill::Prefix.repeats() && Prefill::PrefixRepeated.repeats());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Prefill {
    /// By the message alone: Anthropic, and OpenRouter for many of its models.
    Message,
    /// The message says `"prefix": true`: DeepSeek's beta.
    Prefix,
    /// Likewise, and the answer begins with the text once more: Mistral.
    PrefixRepeated,
    /// The message says `"partial": true`: Moonshot, Alibaba's Model Studio.
    Partial,
    /// The request says `"continue_final_message": true` and `"add_generation_prompt": false`: vLLM, SGLang.
    ContinueFinalMessage,
}

// === impl Prefill ===

impl Prefill {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Message,
        Self::Prefix,
        Self::PrefixRepeated,
        Self::Partial,
        Self::ContinueFinalMessage,
    ];

    /// What a catalogue calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Prefix => "prefix",
            Self::PrefixRepeated => "prefix_repeated",
            Self::Partial => "partial",
            Self::ContinueFinalMessage => "continue_final_message",
        }
    }

    /// The way of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// Does the answer begin with the text once more?
    #[must_use]
    pub const fn repeats(self) -> bool {
        matches!(self, Self::PrefixRepeated)
    }

    /// The request whose answer has begun with this text, which is about so many tokens long. None where it cannot be
    /// gone on with: the text is empty or no UTF-8, or the caller has begun the answer itself.
    pub(crate) fn request(
        self,
        body: &Bytes,
        view: &View,
        text: &[u8],
        tokens: u64,
    ) -> Option<Bytes> {
        let text = std::str::from_utf8(text).ok()?;
        let messages = view.value(Field::Messages)?.of(body);
        let messages = std::str::from_utf8(messages).ok()?.trim_end();
        let messages = messages.strip_suffix(']')?;
        if text.is_empty() || view.ends_with_assistant() {
            return None;
        }
        let mark = match self {
            Self::Prefix | Self::PrefixRepeated => ",\"prefix\":true",
            Self::Partial => ",\"partial\":true",
            Self::Message | Self::ContinueFinalMessage => "",
        };
        let text = serde_json::to_string(text).ok()?;
        let messages = format!("{messages},{{\"role\":\"assistant\",\"content\":{text}{mark}}}]");
        let left = |limit: Option<u64>| {
            let left = limit?.saturating_sub(tokens).max(1);
            Some(left.to_string())
        };
        let limits = [
            (Field::MaxTokens, left(view.max_tokens)),
            (Field::MaxCompletionTokens, left(view.max_completion_tokens)),
        ];
        let mut edits = Edits::new(view).set(Field::Messages, &messages);
        for (field, limit) in &limits {
            if let Some(limit) = limit {
                edits = edits.set(*field, limit);
            }
        }
        let edited = edits.apply(body);
        if self != Self::ContinueFinalMessage {
            return Some(edited);
        }
        // Before all members, one of which are the messages.
        let (open, rest) = edited.split_at_checked(view.open as usize)?;
        let ask: &[u8] = br#""continue_final_message":true,"add_generation_prompt":false,"#;
        Some([open, ask, rest].concat().into())
    }
}
