//! All of an account's own keys of providers.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::provider_key::ProviderKey;

/// All of an account's own keys of providers, in the order in which they are used: one handle, shared by all its clones.
///
/// ```
/// use std::{sync::Arc, time::{Instant, UNIX_EPOCH}};
/// use switchtower::keys::{ProviderKey, ProviderKeySettings, ProviderKeys};
///
/// let keys = ProviderKeys::default();
/// let settings = ProviderKeySettings::of("acme", "sk-...AbCd", UNIX_EPOCH);
/// let second = ProviderKeySettings { sort: 1, ..settings.clone() };
/// let make = |id, settings| ProviderKey::new(id, 1, settings, "sk-secret", Instant::now()).map(Arc::new);
/// keys.set([make("b", second)?, make("a", settings)?]);
/// assert_eq!(keys.load()[0].id(), "a");
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProviderKeys(Arc<ArcSwap<Vec<Arc<ProviderKey>>>>);

// === impl ProviderKeys ===

impl ProviderKeys {
    /// Those that there are.
    #[must_use]
    pub fn load(&self) -> Arc<Vec<Arc<ProviderKey>>> {
        self.0.load_full()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.load().is_empty()
    }

    /// Puts these in the place of all.
    pub fn set(&self, keys: impl IntoIterator<Item = Arc<ProviderKey>>) {
        let mut keys: Vec<_> = keys.into_iter().collect();
        let place = |key: &Arc<ProviderKey>| {
            let settings = key.settings();
            (settings.sort, settings.created, key.id().to_owned())
        };
        keys.sort_by_cached_key(place);
        self.0.store(Arc::new(keys));
    }
}

impl Default for ProviderKeys {
    /// None.
    fn default() -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Vec::new())))
    }
}
