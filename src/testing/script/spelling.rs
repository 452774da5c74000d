use std::num::NonZeroUsize;

use bytes::Bytes;
use http::HeaderValue;

use super::Script;

#[derive(Clone, Debug, Default)]
pub(crate) struct Spelling {
    pub(crate) crlf: bool,
    pub(crate) bare_data: bool,
    pub(crate) no_done: bool,
    pub(crate) no_role: bool,
    pub(crate) chunked: bool,
    pub(crate) fragment: Option<NonZeroUsize>,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) raw: Option<Bytes>,
}

// === impl Script ===

/// # How it is spelled
impl Script {
    /// Lines of the stream end in CR LF.
    #[must_use]
    pub fn crlf(mut self) -> Self {
        self.spelling.crlf = true;
        self
    }

    /// `data:{…}` without the customary space.
    #[must_use]
    pub fn bare_data(mut self) -> Self {
        self.spelling.bare_data = true;
        self
    }

    /// The stream ends without `data: [DONE]`.
    #[must_use]
    pub fn no_done(mut self) -> Self {
        self.spelling.no_done = true;
        self
    }

    /// The stream begins with content: there is no role-only delta.
    #[must_use]
    pub fn no_role(mut self) -> Self {
        self.spelling.no_role = true;
        self
    }

    /// A JSON answer has no `Content-Length`.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.spelling.chunked = true;
        self
    }

    /// Every write is torn into pieces of this many bytes, each sent and flushed on its own.
    #[must_use]
    pub fn fragment(mut self, bytes: NonZeroUsize) -> Self {
        self.spelling.fragment = Some(bytes);
        self
    }

    /// What `Content-Type` says, whatever the body is.
    #[must_use]
    pub fn content_type(mut self, value: HeaderValue) -> Self {
        self.spelling.content_type = Some(value);
        self
    }

    /// Instead of an answer, a 200 with just these bytes (as `text/html`, unless set otherwise).
    ///
    /// ```
    /// use switchtower::testing::Script;
    /// let captive_portal = Script::new().raw("<html>Please log in</html>");
    /// # let _ = captive_portal;
    /// ```
    #[must_use]
    pub fn raw(mut self, body: impl Into<Bytes>) -> Self {
        self.spelling.raw = Some(body.into());
        self
    }
}
