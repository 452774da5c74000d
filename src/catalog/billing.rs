//! How a provider bills, beside its prices.

use super::source::same_company;

/// When does a provider stop billing an answer that nobody reads any more?
///
/// A provider that does not stop writes the answer to its end, and bills all of it. So the cost of such an attempt, if it is
/// left, is [estimated](crate::settle) by how long the answer may become. By default it is as OpenRouter lists it for the
/// company of that name, and for all others `Streams`.
///
/// ```
/// use switchtower::catalog::StopsBilling;
///
/// assert_eq!(StopsBilling::of("openai"), StopsBilling::Streams);
/// assert_eq!(StopsBilling::of("google-vertex"), StopsBilling::Never);
/// assert!(StopsBilling::Streams.stops(true) && !StopsBilling::Streams.stops(false));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopsBilling {
    /// At once, be it a stream or a document: `stops_billing_on_cancel = true`.
    Always,
    /// At once where it streams; a document is written, and billed, to its end: `"streams"`.
    Streams,
    /// Never: `false`.
    Never,
}

/// What is done with the cost that a provider reports?
///
/// ```
/// use switchtower::catalog::ReportedCost;
///
/// assert_eq!(ReportedCost::named("trust"), Some(ReportedCost::Trust));
/// assert_eq!(ReportedCost::default(), ReportedCost::Audit);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReportedCost {
    /// It is kept beside the one by the price list, and if the two differ that is an event: `audit`.
    #[default]
    Audit,
    /// It is the cost: `trust`.
    Trust,
}

/// Those that go on billing, by [OpenRouter's documentation](https://openrouter.ai/docs/api-reference/streaming), by their
/// slugs there and other names of theirs.
const GO_ON: [&str; 38] = [
    "amazon-bedrock",
    "bedrock",
    "aws",
    "groq",
    "modal",
    "google",
    "google-ai-studio",
    "gemini",
    "google-vertex",
    "vertex",
    "vertex-ai",
    "minimax",
    "huggingface",
    "hf-inference",
    "replicate",
    "perplexity",
    "mistral",
    "ai21",
    "featherless",
    "lynn",
    "lambda",
    "reflection",
    "sambanova",
    "inflection",
    "zeroone",
    "zeroone-ai",
    "01-ai",
    "aionlabs",
    "aion-labs",
    "alibaba",
    "dashscope",
    "qwen",
    "nebius",
    "kluster",
    "kluster-ai",
    "targon",
    "inferencenet",
    "inference-net",
];

// === impl StopsBilling ===

impl StopsBilling {
    /// What is known of the company with this slug, whatever its dashes.
    #[must_use]
    pub fn of(slug: &str) -> Self {
        match GO_ON.iter().any(|known| same_company(known, slug)) {
            true => Self::Never,
            false => Self::Streams,
        }
    }

    /// Does it stop for an answer that is a stream, or for one that is a document?
    #[must_use]
    pub const fn stops(self, streamed: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Streams => streamed,
            Self::Never => false,
        }
    }
}

// === impl ReportedCost ===

impl ReportedCost {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Audit, Self::Trust];

    /// How a catalogue spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Trust => "trust",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}
