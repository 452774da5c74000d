/// Whose protocol does the caller speak? [`Call::set_dialect`](crate::Call::set_dialect) says it.
///
/// They differ where strict clients look: OpenRouter's `error.code` is an integer, OpenAI's a string or
/// null, beside `type` and `param`. Clients of the one fail on the other's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenRouter's, under `/api/v1`.
    #[default]
    OpenRouter,
    /// OpenAI's, under `/v1`.
    OpenAi,
}
