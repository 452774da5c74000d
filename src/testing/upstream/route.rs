use http::Method;

/// What does this path answer?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Chat,
    Completions,
    Embeddings,
    Models,
    Unknown,
}

// === impl Route ===

impl Route {
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let path = path.trim_end_matches('/');
        match (method, path) {
            (&Method::POST, path) if path.ends_with("/chat/completions") => Self::Chat,
            (&Method::POST, path) if path.ends_with("/completions") => Self::Completions,
            (&Method::POST, path) if path.ends_with("/embeddings") => Self::Embeddings,
            (&Method::GET, path) if path.ends_with("/models") => Self::Models,
            _ => Self::Unknown,
        }
    }

    /// The prefix of its ids, and its `object`, whole and in parts.
    pub(super) fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Completions => ("cmpl", "text_completion", "text_completion"),
            _ => ("chatcmpl", "chat.completion", "chat.completion.chunk"),
        }
    }
}
