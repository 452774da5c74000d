//! What a catalogue file says of sources.

use std::collections::HashMap;
use std::io;

/// Which sources does the operator want, and what do they mean by whom?
#[derive(Debug, Default)]
pub(in crate::catalog) struct Wanted {
    /// Files, in the order of the layers.
    pub(in crate::catalog) files: Vec<Box<str>>,
    /// The embedded prices, as the lowest layer.
    pub(in crate::catalog) embedded: bool,
    /// By which names sources know a provider, by its slug.
    pub(in crate::catalog) known_as: HashMap<Box<str>, Vec<Box<str>>>,
    /// The held reload that the operator accepts.
    pub(in crate::catalog) confirm: Option<Box<str>>,
}

/// Where the bytes of a file are had, by the name that the catalogue gives it.
pub(in crate::catalog) type Files<'a> = &'a dyn Fn(&str) -> io::Result<Vec<u8>>;

// === impl Wanted ===

impl Wanted {
    /// The most files that a catalogue may name.
    pub(in crate::catalog) const MAX_FILES: usize = 1_000;

    pub(in crate::catalog) fn is_empty(&self) -> bool {
        self.files.is_empty() && !self.embedded
    }
}
