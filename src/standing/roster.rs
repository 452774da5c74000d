//! Who is there to be asked, and how each of them does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;

use super::backend::Backend;
use super::density::Density;
use super::endpoint::Standing;
use super::keys::KeyStanding;
use super::view::CircuitView;
use crate::catalog::{Catalog, Endpoint, Model};
use crate::usage::BYTES_PER_TOKEN;

/// The catalogue in force, and the standing of each of its endpoints: one handle, shared by all its clones.
///
/// A request takes one [`Lineup`] and stays with it, so that no price changes under it. [`swap`](Self::swap) puts
/// another catalogue in force for those that come later; an endpoint that stays keeps what was learned of it.
///
/// ```
/// use std::{sync::Arc, time::Instant};
/// use switchtower::{catalog::Catalog, standing::Roster};
///
/// # fn main() -> Result<(), switchtower::BoxError> {
/// let text = r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
/// "#;
/// let load = || Catalog::from_toml(text, "switchtower.toml", |_| None).map(Arc::new);
/// let (roster, now) = (Roster::from(load()?), Instant::now());
///
/// let before = roster.lineup();
/// let acme = &before.catalog().models()[0].endpoints()[0];
/// before.standing(acme).failed(now);
///
/// roster.swap(load()?, now);
/// let after = roster.lineup();
/// let acme = &after.catalog().models()[0].endpoints()[0];
/// assert!(!after.standing(acme).is_steady(now));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Roster(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    lineup: ArcSwap<Lineup>,
    /// Two swaps at once would each forget what the other one has kept.
    swapping: Mutex<()>,
}

/// One catalogue, and the standing of each of its endpoints. See [`Roster`].
#[derive(Debug)]
pub struct Lineup {
    catalog: Arc<Catalog>,
    /// By the index of the endpoint.
    backends: Box<[Arc<Backend>]>,
    /// By the slug of the provider.
    keys: HashMap<Box<str>, Box<[Arc<KeyStanding>]>>,
}

// === impl Roster ===

impl Roster {
    /// Puts a catalogue in force of whose endpoints nothing is known.
    pub fn new(catalog: Arc<Catalog>, now: Instant) -> Self {
        let lineup = Lineup::after(None, catalog, now);
        Self(Arc::new(Shared {
            lineup: ArcSwap::from_pointee(lineup),
            swapping: Mutex::new(()),
        }))
    }

    /// What is in force.
    pub fn lineup(&self) -> Arc<Lineup> {
        self.0.lineup.load_full()
    }

    /// Looks at what is in force, without taking a share in it.
    pub fn with<T>(&self, look: impl FnOnce(&Lineup) -> T) -> T {
        look(&self.0.lineup.load())
    }

    /// Puts another catalogue in force.
    pub fn swap(&self, catalog: Arc<Catalog>, now: Instant) {
        let _one = self
            .0
            .swapping
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = self.0.lineup.load_full();
        let after = Lineup::after(Some(&before), catalog, now);
        self.0.lineup.store(Arc::new(after));
    }
}

impl From<Arc<Catalog>> for Roster {
    fn from(catalog: Arc<Catalog>) -> Self {
        Self::new(catalog, crate::clock::now())
    }
}

// === impl Lineup ===

impl Lineup {
    fn after(before: Option<&Lineup>, catalog: Arc<Catalog>, now: Instant) -> Self {
        let known: HashMap<&str, &Arc<Standing>> = before
            .map(|before| before.endpoints().map(|(e, s)| (e.key(), s)).collect())
            .unwrap_or_default();
        let endpoints = before.into_iter().flat_map(Lineup::endpoints);
        let mut densities: HashMap<&str, Arc<Density>> = endpoints
            .map(|(endpoint, standing)| (endpoint.model(), standing.density().clone()))
            .collect();
        let keys: HashMap<Box<str>, _> = catalog
            .providers()
            .iter()
            .map(|provider| {
                let known = before.map_or(&[][..], |before| before.keys_of(provider.slug()));
                let keys = KeyStanding::all_of(provider, now).into_iter();
                let keys = keys.map(|key| match known.iter().find(|known| known.is(&key)) {
                    Some(known) => known.clone(),
                    None => Arc::new(key),
                });
                (provider.slug().into(), keys.collect::<Box<[_]>>())
            })
            .collect();
        let models = catalog.models().iter();
        let served = models.flat_map(|model| model.endpoints().iter().map(move |e| (model, e)));
        let backends = served
            .map(|(model, endpoint)| {
                let known = known.get(endpoint.key()).map(|known| &***known);
                let keys = &keys[endpoint.provider().slug()];
                let density = densities.entry(endpoint.model()).or_default().clone();
                let pace = endpoint.pace();
                let standing = Standing::with_keys(keys, pace, density, known, now);
                Arc::new(Backend {
                    model: model.clone(),
                    endpoint: endpoint.clone(),
                    standing: Arc::new(standing),
                })
            })
            .collect();
        Self {
            catalog,
            backends,
            keys,
        }
    }

    /// The catalogue.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// What has been learned of this endpoint of the catalogue.
    ///
    /// # Panics
    ///
    /// If the endpoint is of another catalogue, which has more of them.
    pub fn standing(&self, endpoint: &Endpoint) -> &Arc<Standing> {
        &self.backend(endpoint).standing
    }

    /// This endpoint of the catalogue, with its model and its standing.
    ///
    /// # Panics
    ///
    /// If the endpoint is of another catalogue, which has more of them.
    pub fn backend(&self, endpoint: &Endpoint) -> &Arc<Backend> {
        &self.backends[endpoint.index()]
    }

    /// The tokens that so many bytes of text are likely to be for the model of this name, by what was learned of it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use switchtower::{catalog::Catalog, standing::Roster};
    ///
    /// let roster = Roster::from(Arc::new(Catalog::default()));
    /// assert_eq!(roster.with(|lineup| lineup.tokens("nobody/knows", 4_000)), 1_000);
    /// ```
    pub fn tokens(&self, model: &str, text_bytes: u64) -> u64 {
        match self.catalog.find(model) {
            Some(model) => self.density(model).tokens(text_bytes),
            None => text_bytes.div_ceil(BYTES_PER_TOKEN),
        }
    }

    /// How many bytes of text a token of this model of the catalogue has.
    ///
    /// # Panics
    ///
    /// If the model is of another catalogue, which has more endpoints.
    pub fn density(&self, model: &Model) -> &Density {
        // All endpoints of a model share it, and there is at least one.
        self.standing(&model.endpoints()[0]).density()
    }

    /// Every endpoint with its standing, in the order of the catalogue.
    pub fn endpoints(&self) -> impl Iterator<Item = (&Arc<Endpoint>, &Arc<Standing>)> {
        self.backends.iter().map(|it| (&it.endpoint, &it.standing))
    }

    /// The key of this provider that is told by this label; without a key, by `none`.
    pub fn key(&self, provider: &str, label: &str) -> Option<&Arc<KeyStanding>> {
        let mut keys = self.keys_of(provider).iter();
        keys.find(|key| key.label() == label)
    }

    fn keys_of(&self, provider: &str) -> &[Arc<KeyStanding>] {
        self.keys.get(provider).map_or(&[], |keys| keys)
    }

    /// Whether each endpoint may be asked now, in the order of the catalogue.
    pub fn circuits(&self, now: Instant) -> impl Iterator<Item = CircuitView<'_>> {
        self.catalog.models().iter().flat_map(move |model| {
            model
                .endpoints()
                .iter()
                .map(move |endpoint| CircuitView::of(endpoint, self.standing(endpoint), now))
        })
    }
}
