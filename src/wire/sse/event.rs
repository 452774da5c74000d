use std::borrow::Cow;

/// What stands at the front of the buffer?
///
/// See the [module docs](super) for an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// How many bytes it takes, its terminator included: as many must leave the buffer before the next look.
    pub len: usize,
    /// Its `data`, several lines joined by `\n`; `None` for a comment, or a block without data.
    pub data: Option<Cow<'a, [u8]>>,
    /// Its `event` field, unless that is empty.
    pub name: Option<&'a [u8]>,
}
