//! Who counts tokens better than bytes do?

use std::fmt;

use crate::payload::Payload;

/// Counts the tokens of prompts, by a tokenizer say. Without one, they are expected by what was
/// [learned](crate::standing::Density) of each model, which costs nothing and comes close; a tokenizer is exact for the models
/// whose it is, and takes milliseconds for a long prompt.
///
/// Quotas and the [estimates](crate::settle::claim) of claims go by it; [`Stack::count_tokens`](crate::Stack::count_tokens) sets it.
/// No claim that is to be a true bound does: whose tokenizer a provider uses nobody knows for sure.
///
/// ```
/// use std::sync::Arc;
/// use switchtower::{CountTokens, Payload, Stack, catalog::Catalog};
///
/// /// A token a word, for the models of acme.
/// #[derive(Debug)]
/// struct Words;
///
/// impl CountTokens for Words {
///     fn count(&self, model: &str, payload: &Payload) -> Option<u64> {
///         let text = std::str::from_utf8(payload.bytes()).ok()?;
///         let words = text.split_whitespace().count() as u64;
///         model.starts_with("acme/").then_some(words)
///     }
/// }
///
/// let stack = Stack::new(Arc::new(Catalog::default())).count_tokens(Arc::new(Words));
/// ```
pub trait CountTokens: fmt::Debug + Send + Sync + 'static {
    /// The tokens of this prompt's text, by the model of this id, or of the name that the caller gave where it is not known; none if
    /// this is not a model whose tokens it counts. It is asked in the path of the request, at least once for each model that may
    /// answer: of a prompt that is too long for that, it says none.
    fn count(&self, model: &str, payload: &Payload) -> Option<u64>;
}
