/// What happens when a provider of the model refuses the content of a request?
///
/// The operator chooses it per model, where it is to differ from the [`Dispositions`](crate::Dispositions) of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentPolicy {
    /// `move_on`: the next model of the request is asked.
    MoveOn,
    /// `stop`: the caller is told so, and nobody else is asked.
    Stop,
}

// === impl ContentPolicy ===

impl ContentPolicy {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::MoveOn, Self::Stop];

    /// How a catalogue spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MoveOn => "move_on",
            Self::Stop => "stop",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}
