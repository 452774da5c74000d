//! What kind of file is it?

use std::fmt;

use super::value::Value;

/// What kind of source is it?
///
/// Told by its shape, never by its name.
///
/// ```
/// use switchtower::catalog::Format;
///
/// let map = br#"{"gpt-5": {"litellm_provider": "openai"}}"#;
/// assert_eq!(Format::detect(map), Some(Format::LiteLlm));
/// assert_eq!(Format::detect(br#"{"data": [{"id": "a/b", "pricing": {}}]}"#), Some(Format::OpenRouterModels));
/// assert_eq!(Format::detect(b"[1, 2]"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `{"data": [{"id", "pricing", …}]}`: OpenRouter's `/models`.
    OpenRouterModels,
    /// `{"data": {"id", "endpoints": […]}}`: OpenRouter's `/models/{author}/{slug}/endpoints`.
    OpenRouterEndpoints,
    /// `{"gpt-5": {"litellm_provider", …}, …}`: LiteLLM's price map.
    LiteLlm,
    /// `[{"id", "models": […]}]`: the price data of genai-prices.
    GenaiPrices,
}

/// In so many members a price map has shown a row.
const LOOKED_AT: usize = 16;

// === impl Format ===

impl Format {
    /// The format of this text; none if it is not JSON, or of no format that is known.
    #[must_use]
    pub fn detect(text: &[u8]) -> Option<Self> {
        Self::of(Value::parse(text).ok()?)
    }

    pub(super) fn of(value: Value<'_>) -> Option<Self> {
        if let Some(first) = value.items().into_iter().next() {
            let listed = first.get("id").and(first.get("models"))?;
            return listed.is_array().then_some(Self::GenaiPrices);
        }
        if let Some(data) = value
            .get("data")
            .filter(|data| data.get("litellm_provider").is_none())
        {
            return match data.items().into_iter().next() {
                Some(first) => first
                    .get("id")
                    .and(first.get("pricing"))
                    .map(|_| Self::OpenRouterModels),
                None => data.get("endpoints").map(|_| Self::OpenRouterEndpoints),
            };
        }
        let members = value.members();
        let mut rows = members.iter().take(LOOKED_AT);
        let is_row = |row: &Value<'_>| row.get("litellm_provider").is_some();
        rows.any(|(_, row)| is_row(row)).then_some(Self::LiteLlm)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenRouterModels => "OpenRouter's models",
            Self::OpenRouterEndpoints => "OpenRouter's endpoints of a model",
            Self::LiteLlm => "LiteLLM's price map",
            Self::GenaiPrices => "price data of genai-prices",
        })
    }
}
