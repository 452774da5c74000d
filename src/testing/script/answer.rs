use std::sync::Arc;

use super::Script;

/// Enough for any test of several choices; a request's own `n` is bounded by it too.
const MAX_CHOICES: u32 = 128;

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) content: Content,
    pub(crate) token_bytes: usize,
    pub(crate) reasoning: u64,
    pub(crate) hidden_reasoning: u64,
    pub(crate) reasoning_content: bool,
    pub(crate) tool_calls: Vec<ToolCall>,
    pub(crate) choices: Option<u32>,
    pub(crate) finish: Finish,
    pub(crate) prompt_tokens: Option<u64>,
    pub(crate) cached_tokens: u64,
    pub(crate) ignore_limits: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Text(Arc<str>),
    Tokens(u64),
}

#[derive(Clone, Debug)]
pub(crate) struct ToolCall {
    pub(crate) name: Arc<str>,
    pub(crate) arguments: Arc<str>,
}

#[derive(Clone, Debug)]
pub(crate) enum Finish {
    /// `stop`, `length` or `tool_calls`, as it happens.
    Natural,
    Reason(Arc<str>),
    Missing,
}

// === impl Script ===

/// # What it says
impl Script {
    /// Answers with this text, one token a word.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.answer.content = Content::Text(text.into());
        self
    }

    /// Answers with this many tokens of made-up text. Twelve unless set.
    #[must_use]
    pub fn tokens(mut self, count: u64) -> Self {
        self.answer.content = Content::Tokens(count);
        self
    }

    /// Each made-up token has at least this many bytes: how a huge answer is made.
    #[must_use]
    pub fn token_bytes(mut self, bytes: usize) -> Self {
        self.answer.token_bytes = bytes;
        self
    }

    /// Calls a tool instead of talking (unless text or tokens are set after it). Repeat it for several.
    ///
    /// ```
    /// use switchtower::testing::Script;
    /// let script = Script::new().tool_call("get_weather", r#"{"city":"Oslo"}"#);
    /// # let _ = script;
    /// ```
    #[must_use]
    pub fn tool_call(mut self, name: &str, arguments: &str) -> Self {
        let (name, arguments) = (name.into(), arguments.into());
        self.answer.tool_calls.push(ToolCall { name, arguments });
        self.answer.content = Content::Tokens(0);
        self
    }

    /// Thinks aloud for this many tokens (`delta.reasoning`) before it answers.
    #[must_use]
    pub fn reasoning(mut self, tokens: u64) -> Self {
        self.answer.reasoning = tokens;
        self
    }

    /// Thinks in silence: these tokens are in the usage, and nowhere else.
    #[must_use]
    pub fn hidden_reasoning(mut self, tokens: u64) -> Self {
        self.answer.hidden_reasoning = tokens;
        self
    }

    /// Spells reasoning as `reasoning_content`, as DeepSeek does.
    #[must_use]
    pub fn reasoning_content(mut self) -> Self {
        self.answer.reasoning_content = true;
        self
    }

    /// Gives this many choices (at most 128), rather than the request's `n`.
    #[must_use]
    pub fn choices(mut self, count: u32) -> Self {
        self.answer.choices = Some(count);
        self
    }

    /// The finish reason, whatever happened.
    #[must_use]
    pub fn finish(mut self, reason: &str) -> Self {
        self.answer.finish = Finish::Reason(reason.into());
        self
    }

    /// Gives no finish reason.
    #[must_use]
    pub fn no_finish(mut self) -> Self {
        self.answer.finish = Finish::Missing;
        self
    }

    /// Says that the prompt had this many tokens. Unless set, it is a token for every four bytes of
    /// text in the request's messages, prompt or input, rounded up, and at least one.
    #[must_use]
    pub fn prompt_tokens(mut self, count: u64) -> Self {
        self.answer.prompt_tokens = Some(count);
        self
    }

    /// Of the prompt's tokens, at most this many came from a cache.
    #[must_use]
    pub fn cached_tokens(mut self, count: u64) -> Self {
        self.answer.cached_tokens = count;
        self
    }

    /// Goes on past the request's `max_tokens` or `max_completion_tokens`, which it else obeys.
    #[must_use]
    pub fn ignore_limits(mut self) -> Self {
        self.answer.ignore_limits = true;
        self
    }
}

// === impl Answer ===

impl Answer {
    pub(crate) fn choice_count(&self, asked: u64) -> u32 {
        let asked = u32::try_from(asked).unwrap_or(MAX_CHOICES);
        self.choices.unwrap_or(asked).clamp(1, MAX_CHOICES)
    }
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            content: Content::Tokens(12),
            token_bytes: 0,
            reasoning: 0,
            hidden_reasoning: 0,
            reasoning_content: false,
            tool_calls: Vec::new(),
            choices: None,
            finish: Finish::Natural,
            prompt_tokens: None,
            cached_tokens: 0,
            ignore_limits: false,
        }
    }
}
