use std::fmt;

use super::Field;

/// Which fields? A set of them in one word.
///
/// A request has the set of [`parameters`](super::View::parameters) that it uses, an endpoint the set of those that
/// it supports.
///
/// ```
/// use switchtower::wire::{Field, Fields};
///
/// let supported = Fields::from_iter([Field::Seed, Field::Tools]);
/// let asked = Fields::from_iter([Field::Tools, Field::TopK]);
/// assert_eq!(asked.without(supported).iter().collect::<Vec<_>>(), [Field::TopK]);
/// assert!(Fields::PARAMETERS.contains(Field::TopK));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Fields(u64);

// === impl Fields ===

impl Fields {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// OpenRouter's `supported_parameters`: what one endpoint may support and another not.
    pub const PARAMETERS: Self = Self::of(&[
        Field::Temperature,
        Field::TopP,
        Field::TopK,
        Field::MinP,
        Field::TopA,
        Field::FrequencyPenalty,
        Field::PresencePenalty,
        Field::RepetitionPenalty,
        Field::MaxTokens,
        Field::MaxCompletionTokens,
        Field::LogitBias,
        Field::Logprobs,
        Field::TopLogprobs,
        Field::Prediction,
        Field::Seed,
        Field::ResponseFormat,
        Field::StructuredOutputs,
        Field::Stop,
        Field::Tools,
        Field::ToolChoice,
        Field::ParallelToolCalls,
        Field::IncludeReasoning,
        Field::Reasoning,
        Field::ReasoningEffort,
        Field::WebSearchOptions,
        Field::Verbosity,
    ]);

    /// The limit of an answer: a newer spelling and an older one.
    pub const LIMITS: Self = Self::of(&[Field::MaxTokens, Field::MaxCompletionTokens]);

    /// What speaks of the tools that are offered, and says nothing without them.
    pub const OF_TOOLS: Self = Self::of(&[Field::ToolChoice, Field::ParallelToolCalls]);

    /// What asks a model to reason, in either spelling.
    pub const OF_REASONING: Self = Self::of(&[Field::Reasoning, Field::ReasoningEffort]);

    /// These fields.
    #[must_use]
    pub const fn of(fields: &[Field]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < fields.len() {
            bits |= 1 << fields[at] as u64;
            at += 1;
        }
        Self(bits)
    }

    /// With this one.
    #[must_use]
    pub const fn with(self, field: Field) -> Self {
        Self(self.0 | 1 << field as u64)
    }

    /// Those of them that are not in `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Those of them that are in `others` too.
    #[must_use]
    pub const fn within(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Those of them that an endpoint does not meet that supports these parameters. It meets [`LIMITS`](Self::LIMITS) and
    /// [`OF_REASONING`](Self::OF_REASONING) in either spelling, since a request can be told in the other; and whoever keeps to a
    /// schema, [`StructuredOutputs`](Field::StructuredOutputs), takes the [`ResponseFormat`](Field::ResponseFormat) that holds it.
    ///
    /// ```
    /// use switchtower::wire::{Field, Fields};
    ///
    /// let supported = Fields::of(&[Field::MaxCompletionTokens]);
    /// let asked = Fields::of(&[Field::MaxTokens, Field::Seed]);
    /// assert_eq!(asked.unmet_by(supported), Fields::of(&[Field::Seed]));
    /// ```
    #[must_use]
    pub const fn unmet_by(self, supported: Self) -> Self {
        let unmet = self.without(supported.asked_for(self));
        unmet
            .without(Self::LIMITS.met_by(supported))
            .without(Self::OF_REASONING.met_by(supported))
    }

    /// What an endpoint that supports these does of what is `asked`: whoever keeps to a schema takes the format that holds it.
    pub(crate) const fn asked_for(self, asked: Self) -> Self {
        match self.within(asked).contains(Field::StructuredOutputs) {
            true => self.with(Field::ResponseFormat),
            false => self,
        }
    }

    /// All of these, which are spellings of one thing, if one of them is supported.
    const fn met_by(self, supported: Self) -> Self {
        match supported.within(self).is_empty() {
            true => Self::NONE,
            false => self,
        }
    }

    /// Is this one among them?
    #[must_use]
    pub const fn contains(self, field: Field) -> bool {
        self.0 & 1 << field as u64 != 0
    }

    /// How many?
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Is there none?
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order in which [`Field`] declares them.
    pub fn iter(mut self) -> impl Iterator<Item = Field> {
        std::iter::from_fn(move || {
            let field = *Field::ALL.get(self.0.trailing_zeros() as usize)?;
            self.0 &= self.0 - 1;
            Some(field)
        })
    }
}

impl FromIterator<Field> for Fields {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        fields.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Field::name)).finish()
    }
}

const _: () = assert!(Field::COUNT <= u64::BITS as usize);
