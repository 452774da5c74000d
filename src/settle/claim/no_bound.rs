use crate::plan::Filter;
use crate::wire::Modality;

/// Why can nobody say what a request costs at the most?
///
/// See the example in the [module docs](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBound {
    /// Neither the request nor the catalogue bounds the answer.
    Answer,
    /// There is a part of this form, and it has no [declared maximum](crate::catalog::PartBounds).
    Part(Modality),
    /// There is a part of a form that nobody knows.
    Strange,
    /// The web may be searched, and the catalogue does not say how often, or how much that finds.
    Searches,
    /// The provider itself runs a tool that is no search of the web: nobody knows its price.
    Tool,
    /// A price is not known, which is not free.
    Price,
}

// === impl NoBound ===

impl NoBound {
    /// The rule by which such a candidate leaves the plan.
    pub(super) fn filter(self) -> Filter {
        match self {
            Self::Answer => Filter::AnswerBound,
            Self::Part(_) | Self::Strange => Filter::PartBound,
            Self::Searches => Filter::SearchBound,
            Self::Tool => Filter::ToolBound,
            Self::Price => Filter::UnknownPrice,
        }
    }
}

impl std::fmt::Display for NoBound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answer => f.write_str("nothing bounds the answer"),
            Self::Part(modality) => write!(f, "a part of type {} has no bound", modality.name()),
            Self::Strange => f.write_str("a part of an unknown type has no bound"),
            Self::Searches => f.write_str("nothing bounds the searches of the web"),
            Self::Tool => f.write_str("a tool that the provider runs has no bound"),
            Self::Price => f.write_str("a price is not known"),
        }
    }
}

impl std::error::Error for NoBound {}
