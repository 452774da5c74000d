//! What does a rule count?

/// What does a [`Rule`](super::Rule) count?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// What requests may cost while they are under way, and what they are charged when they are over, in picodollars.
    Money,
    /// Requests, from when they are let in.
    Requests,
    /// Tokens of prompts and answers: those that are expected, from when a request is let in, and those that it has moved
    /// from when it is over.
    Tokens,
    /// Requests that are under way.
    Concurrency,
}

// === impl Unit ===

impl Unit {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Money, Self::Requests, Self::Tokens, Self::Concurrency];

    /// Its name in settings and refusals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Concurrency => "concurrency",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// Does what is under way count for as long as it is, however old it is? Else it counts from when it was let in, as
    /// long as its window lasts.
    pub(super) const fn is_held(self) -> bool {
        matches!(self, Self::Money | Self::Concurrency)
    }
}
