//! The headers that came with a request, for as long as it is under way.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderValue};

use crate::wire::headers::is_meant;

/// What a caller has sent besides the body; none as long as nobody has put it in.
#[derive(Debug, Default)]
pub(crate) struct Sent(Mutex<Option<HeaderMap>>);

// === impl Sent ===

impl Sent {
    /// Puts them in, once.
    pub(crate) fn set(&self, mut headers: HeaderMap) {
        // The caller's key and cookies are among them, and a call may be printed.
        headers
            .values_mut()
            .for_each(|value| value.set_sensitive(true));
        self.headers().get_or_insert(headers);
    }

    /// Looks at them, without a copy.
    pub(crate) fn with<T>(&self, look: impl FnOnce(Option<&HeaderMap>) -> T) -> T {
        look(self.headers().as_ref())
    }

    /// A stream has begun: of them copies remain of what will still be looked at. As they came, they are a part of the
    /// buffer that they were read into, which would stay as long as the stream does.
    pub(crate) fn lay_by(&self) {
        let mut headers = self.headers();
        let Some(came) = headers.take() else { return };
        let mut meant = HeaderMap::new();
        for (name, value) in came.iter().filter(|(name, _)| is_meant(name)) {
            if let Ok(mut value) = HeaderValue::from_bytes(value.as_bytes()) {
                value.set_sensitive(true);
                meant.append(name, value);
            }
        }
        *headers = Some(meant);
    }

    fn headers(&self) -> MutexGuard<'_, Option<HeaderMap>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
