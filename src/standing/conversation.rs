//! One conversation, and who has answered it.

use std::sync::Arc;
use std::time::Instant;

use super::Sticky;
use crate::catalog::Endpoint;

/// What ties a request to those before it, if a [`Sticky`] remembers them.
///
/// `choose` makes it and looks it up; the end of an attempt [teaches](Self::answered) it.
///
/// ```
/// use std::{sync::Arc, time::Instant};
/// use switchtower::standing::{Conversation, Sticky};
///
/// let now = Instant::now();
/// let sticky = Arc::new(Sticky::new(now));
/// let conversation = Conversation::new(sticky.clone(), sticky.hash("chat-1"), true);
/// assert_eq!(conversation.warm("acme/swift", now), None);
/// ```
#[derive(Clone, Debug)]
pub struct Conversation {
    sticky: Arc<Sticky>,
    id: u64,
    named: bool,
    router: Option<&'static str>,
}

// === impl Conversation ===

impl Conversation {
    /// The conversation with this hash. `named`: has the caller given it a name, and so wants to stay?
    pub fn new(sticky: Arc<Sticky>, id: u64, named: bool) -> Self {
        Self {
            sticky,
            id,
            named,
            router: None,
        }
    }

    /// Remembers it under the name of a router too, so that the model stays as well.
    #[must_use]
    pub fn through(mut self, router: &'static str) -> Self {
        self.router = Some(router);
        self
    }

    /// The fingerprint of the endpoint whose cache is warm for this model, or for this router.
    pub fn warm(&self, name: &str, now: Instant) -> Option<u32> {
        self.sticky.recall(self.key(name), now)
    }

    /// Is that fingerprint this endpoint's?
    pub fn is(&self, warm: u32, endpoint: &Endpoint) -> bool {
        self.sticky.fingerprint(endpoint.key()) == warm
    }

    /// An endpoint has answered, and its prompt cache has served `cached` tokens.
    ///
    /// A conversation with a name stays where it was answered. One without a name stays only where it saves
    /// something: after tokens were read from the cache, at a price below that of a prompt.
    pub fn answered(&self, endpoint: &Endpoint, cached: u64, now: Instant) {
        let fingerprint = self.sticky.fingerprint(endpoint.key());
        let key = self.key(endpoint.model());
        let stays = self.named
            || (cached > 0 && Self::saves(endpoint))
            || self.sticky.recall(key, now) == Some(fingerprint);
        if stays {
            self.sticky.remember(key, fingerprint, now);
            if let Some(router) = self.router {
                self.sticky.remember(self.key(router), fingerprint, now);
            }
        }
    }

    /// Is a token from its cache cheaper than another one of the prompt?
    pub fn saves(endpoint: &Endpoint) -> bool {
        let prices = endpoint.prices();
        match (prices.cache_read(), prices.prompt()) {
            (Some(read), Some(prompt)) => read < prompt,
            _ => false,
        }
    }

    fn key(&self, name: &str) -> u64 {
        self.sticky.hash((self.id, name))
    }
}
