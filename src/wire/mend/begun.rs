use super::Calls;

/// What a stream has told of its choices so far.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    pub(super) calls: Calls,
    /// Those that have begun, a bit each; the last is of all that have none.
    choices: u128,
}

// === impl Begun ===

impl Begun {
    /// Has nothing been told of this choice?
    pub(super) fn is_new(&self, choice: u64) -> bool {
        self.choices & 1 << choice.min(127) == 0
    }

    /// Something has been told of these. Did one of them begin with it?
    pub(in crate::wire) fn hear(&mut self, choices: u128) -> bool {
        let before = self.choices;
        self.choices |= choices;
        self.choices != before
    }
}
