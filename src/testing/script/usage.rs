/// When does an answer tell how many tokens it took?
///
/// A JSON answer tells it always, except under [`Never`](UsageManner::Never).
///
/// ```
/// use switchtower::testing::{Script, UsageManner};
///
/// let script = Script::new().usage(UsageManner::OnLastContent);
/// # let _ = script;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsageManner {
    /// In a last chunk with `choices: []`, if the request has `stream_options.include_usage`.
    #[default]
    Asked,
    /// In a last chunk with `choices: []`, asked or not.
    Always,
    /// In the chunk that carries the finish reason, asked or not.
    OnLastContent,
    /// In every chunk, as a running total.
    EveryChunk,
    /// Nowhere, not even in a JSON answer.
    Never,
    /// As OpenAI does when asked: `usage: null` in each chunk, then the real one with `choices: []`.
    NullEveryChunkThenReal,
    /// In a last chunk with `choices: []`, all zeros: this provider charges nothing and says so.
    ExplicitZero,
}
