//! Of what is a request?

use crate::caller::Caller;

/// Whose request is it, and of what? What [`Rule`](super::Rule)s look at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// Who asks.
    pub caller: Option<&'a Caller>,
    /// The model that the caller named.
    pub model: Option<&'a str>,
    /// By their ids, the models that may be asked; none where that is not known: then it is the one that was named.
    pub models: &'a [&'a str],
    /// By their slugs, the providers that may be asked; none where that is not known yet.
    pub providers: &'a [&'a str],
    /// The end user that the caller named.
    pub user: Option<&'a str>,
    /// The caller's word for what it is about.
    pub tag: Option<&'a str>,
}

// === impl Subject ===

impl<'a> Subject<'a> {
    /// All names by which a model is meant: those that may be asked, and the one that was named.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.model.into_iter().chain(self.models.iter().copied())
    }
}
