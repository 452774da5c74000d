//! Of what is a request?

use crate::caller::Caller;

/// Whose request is it, and of what? What [`Rule`](super::Rule)s look at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// Who asks.
    pub caller: Option<&'a Caller>,
    /// The model that the caller named.
    pub model: Option<&'a str>,
    /// By their slugs, the providers that may be asked; none where that is not known yet.
    pub providers: &'a [&'a str],
    /// The end user that the caller named.
    pub user: Option<&'a str>,
    /// The caller's word for what it is about.
    pub tag: Option<&'a str>,
}
