macro_rules! fields {
    ($($variant:ident = $name:literal,)*) => {
        /// Which top-level field of a request is meant, among those that are known here?
        ///
        /// A known field may stand in a request once, has a type that is checked, and can be edited by
        /// [`Edits`](super::Edits). All others pass as they are.
        ///
        /// ```
        /// use switchtower::wire::Field;
        ///
        /// assert_eq!(Field::MaxTokens.name(), "max_tokens");
        /// assert_eq!(Field::named(b"max_tokens"), Some(Field::MaxTokens));
        /// assert_eq!(Field::named(b"no_such_field"), None);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Field {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Field {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            pub(super) const COUNT: usize = Self::ALL.len();

            /// How it is spelled in a request.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The field of that name.
            #[must_use]
            #[expect(non_upper_case_globals, reason = "a name is as its field's")]
            pub fn named(name: &[u8]) -> Option<Self> {
                $(
                    const $variant: &[u8] = $name.as_bytes();
                )*
                match name {
                    $($variant => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The field of that name for a reader that folds case.
            pub(super) fn folded(name: &[u8]) -> Option<Self> {
                Self::named(folded(name)?.as_bytes())
            }
        }
    };
}

fields! {
    Model = "model",
    Models = "models",
    Messages = "messages",
    Prompt = "prompt",
    Input = "input",
    Stream = "stream",
    StreamOptions = "stream_options",
    MaxTokens = "max_tokens",
    MaxCompletionTokens = "max_completion_tokens",
    N = "n",
    Tools = "tools",
    Provider = "provider",
    Route = "route",
    Usage = "usage",
    User = "user",
    SessionId = "session_id",
    PromptCacheKey = "prompt_cache_key",
    Trace = "trace",
    Debug = "debug",
    Plugins = "plugins",
    Preset = "preset",
    Transforms = "transforms",
    Modalities = "modalities",
    ServiceTier = "service_tier",
    Temperature = "temperature",
    TopP = "top_p",
    TopK = "top_k",
    MinP = "min_p",
    TopA = "top_a",
    FrequencyPenalty = "frequency_penalty",
    PresencePenalty = "presence_penalty",
    RepetitionPenalty = "repetition_penalty",
    LogitBias = "logit_bias",
    Logprobs = "logprobs",
    TopLogprobs = "top_logprobs",
    Prediction = "prediction",
    Seed = "seed",
    ResponseFormat = "response_format",
    StructuredOutputs = "structured_outputs",
    Stop = "stop",
    ToolChoice = "tool_choice",
    ParallelToolCalls = "parallel_tool_calls",
    IncludeReasoning = "include_reasoning",
    Reasoning = "reasoning",
    ReasoningEffort = "reasoning_effort",
    WebSearchOptions = "web_search_options",
    Verbosity = "verbosity",
}

/// A name as a reader knows it that folds case, as Go's `encoding/json` does, to which `\u{17f}` is an s and `\u{212a}`
/// a k; none if it is the same to all.
pub(super) fn folded(name: &[u8]) -> Option<String> {
    let is_plain = |byte: &u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if name.iter().all(is_plain) {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?;
    Some(name.replace('\u{17f}', "s").to_lowercase())
}
