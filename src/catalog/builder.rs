//! From descriptions to a checked catalogue.

use std::collections::HashMap;
use std::fmt::Write;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::{
    AutoRule, AutoSpec, BuildError, Catalog, Dropped, Endpoint, EndpointSpec, HoldPolicy, Model,
    ModelSpec, PartBounds, Prices, Provider, Report, UnknownPrices, check, family,
};
use crate::limits::Rule;
use crate::wire::{Modality, Tier};

/// Collects providers and models, then checks them against each other.
///
/// See [`Catalog`] for an example.
#[derive(Debug, Default)]
pub struct CatalogBuilder {
    pub(super) providers: Vec<Provider>,
    pub(super) models: Vec<ModelSpec>,
    /// Slugs that endpoints may name, and the variable in which their key was sought in vain.
    pub(super) absent: Vec<(Box<str>, Box<str>)>,
    pub(super) auto: Option<AutoSpec>,
    limits: Vec<Rule>,
    pub(super) hold: Option<HoldPolicy>,
    /// What it is said to have left out already, and what its sources gave.
    pub(super) dropped: Vec<Dropped>,
    pub(super) reports: Vec<Report>,
    pub(super) until: Option<SystemTime>,
    unknown_prices: UnknownPrices,
    revision: Option<Box<str>>,
}

// === impl CatalogBuilder ===

impl CatalogBuilder {
    /// One more provider.
    #[must_use]
    pub fn provider(mut self, provider: Provider) -> Self {
        self.providers.push(provider);
        self
    }

    /// One more model.
    #[must_use]
    pub fn model(mut self, model: ModelSpec) -> Self {
        self.models.push(model);
        self
    }

    /// Adds what callers may spend, ask or hold.
    #[must_use]
    pub fn limit(mut self, rule: Rule) -> Self {
        self.limits.push(rule);
        self
    }

    /// What `openrouter/auto` may choose.
    #[must_use]
    pub fn auto(mut self, rule: AutoSpec) -> Self {
        self.auto = Some(rule);
        self
    }

    /// What becomes of endpoints whose price is not known; by default they are asked, and their cost is unknown.
    #[must_use]
    pub fn unknown_prices(mut self, policy: UnknownPrices) -> Self {
        self.unknown_prices = policy;
        self
    }

    /// What a hold claims, whatever the stack says.
    #[must_use]
    pub fn hold(mut self, policy: HoldPolicy) -> Self {
        self.hold = Some(policy);
        self
    }

    /// A provider without its key: endpoints may name it, but are left out.
    pub(super) fn absent(mut self, slug: &str, variable: &str) -> Self {
        self.absent.push((slug.into(), variable.into()));
        self
    }

    pub(super) fn revision_of(mut self, source: &str) -> Self {
        self.revision = Some(short_hash(source));
        self
    }

    /// The content is that of one more source, too.
    pub(super) fn add_revision(&mut self, revision: &str) {
        if let Some(before) = &mut self.revision {
            *before = short_hash(format!("{before}{revision}"));
        }
    }

    /// The catalogue, if all names are sound, unique and known.
    ///
    /// # Errors
    ///
    /// Names the first field that is not, see [`Problem`](super::Problem).
    pub fn build(self) -> Result<Catalog, BuildError> {
        check::check(&self)?;

        let revision = self.revision.unwrap_or_else(|| {
            let (providers, models, auto) = (&self.providers, &self.models, &self.auto);
            let (unknown, limits, hold) = (&self.unknown_prices, &self.limits, &self.hold);
            short_hash(format!(
                "{providers:?}{models:?}{auto:?}{unknown:?}{limits:?}{hold:?}"
            ))
        });
        let mut catalog = Catalog {
            providers: self.providers.into_iter().map(Arc::new).collect(),
            revision,
            dropped: self.dropped,
            reports: self.reports,
            until: self.until,
            hold: self.hold,
            ..Catalog::default()
        };
        let absent = self.absent.into_iter();
        catalog
            .dropped
            .extend(absent.map(|(slug, variable)| Dropped::Provider { slug, variable }));
        let providers: HashMap<Box<str>, Arc<Provider>> = catalog
            .providers
            .iter()
            .map(|provider| (provider.slug().into(), provider.clone()))
            .collect();
        let unknown = Arc::new(self.unknown_prices);
        for spec in self.models {
            catalog.add(spec, &providers, &unknown);
        }
        catalog.name_canonically();
        catalog.find_families();
        catalog.auto = self.auto.map(|spec| AutoRule::of(&spec, &catalog));
        let limits = self.limits.into_iter();
        let limits = limits.map(|rule| rule.of_model(|name| catalog.id_of(name).into()));
        catalog.limits = limits.collect();
        Ok(catalog)
    }
}

// === impl Catalog ===

impl Catalog {
    /// Lets a model be found by its permanent name, unless that means another one already: a model shares it with
    /// its variants.
    fn name_canonically(&mut self) {
        for model in &self.models {
            let name = self.names.entry(model.canonical_slug.clone());
            name.or_insert_with(|| model.clone());
        }
    }

    fn add(
        &mut self,
        mut spec: ModelSpec,
        providers: &HashMap<Box<str>, Arc<Provider>>,
        unknown: &Arc<UnknownPrices>,
    ) {
        let mut dropped = Vec::new();
        let mut endpoints = Vec::new();
        let writes = spec.output.is_none_or(|output| {
            let mut each = output.iter();
            each.any(|modality| modality != Modality::Embeddings)
        });
        let unpriced = spec.endpoints.iter_mut().map(|endpoint| {
            if !writes {
                endpoint.prices = std::mem::take(&mut endpoint.prices).of_vectors();
            }
            let unpriced = !endpoint.prices.are_known();
            if let (true, UnknownPrices::Assume(assumed)) = (unpriced, &**unknown) {
                endpoint.prices = std::mem::take(&mut endpoint.prices).or(assumed);
            }
            unpriced.then(|| unknown.clone())
        });
        let unpriced: Vec<_> = unpriced.collect();
        let mut tiers = tiers(&spec.endpoints);
        let bounds = spec.bounds.or(PartBounds::known(&spec.id));
        for (place, (endpoint, unpriced)) in spec.endpoints.into_iter().zip(unpriced).enumerate() {
            let key = format!("{}@{}", spec.id, endpoint.tag()).into();
            match providers.get(&endpoint.provider) {
                Some(provider) => endpoints.push(Arc::new(Endpoint {
                    key,
                    model_len: spec.id.len(),
                    provider: provider.clone(),
                    context_length: endpoint
                        .context_length
                        .or(spec.context_length)
                        .map(NonZeroU64::get),
                    max_completion_tokens: endpoint.max_completion_tokens.map(NonZeroU64::get),
                    max_prompt_tokens: endpoint.max_prompt_tokens.map(NonZeroU64::get),
                    index: self.endpoints + endpoints.len(),
                    tier: Tier::of_tag(endpoint.tag()),
                    quantization: endpoint.quantization,
                    parameters: endpoint.parameters,
                    input: spec.input,
                    output: spec.output,
                    collects_data: endpoint.collects_data.unwrap_or(provider.collects_data()),
                    zdr: endpoint.zdr.unwrap_or(provider.is_zdr()),
                    own_key: endpoint.own_key.unwrap_or(provider.has_own_key()),
                    implicit_caching: endpoint.implicit_caching.unwrap_or(false),
                    weight: endpoint.weight.map_or(1, NonZeroU32::get),
                    score: endpoint.score,
                    pace: endpoint.pace,
                    prefill: endpoint.prefill,
                    recovers: endpoint.recovers.or(spec.recovers),
                    bounds: endpoint.bounds.or(bounds),
                    free: endpoint.prices.are_free(),
                    prices: endpoint.prices,
                    unknown_price: unpriced,
                    other_tiers: tiers.get_mut(place).map(std::mem::take).unwrap_or_default(),
                    upstream_model_json: serde_json::Value::from(&*endpoint.upstream_model)
                        .to_string()
                        .into(),
                    upstream_model: endpoint.upstream_model,
                })),
                None => dropped.push(Dropped::Endpoint { key }),
            }
        }
        if endpoints.is_empty() {
            self.dropped.push(Dropped::Model { id: spec.id });
            return;
        }
        self.dropped.append(&mut dropped);
        self.endpoints += endpoints.len();

        let model = Arc::new(Model {
            name: spec.name.unwrap_or_else(|| spec.id.clone()),
            canonical_slug: spec.canonical_slug.unwrap_or_else(|| spec.id.clone()),
            input: spec.input,
            output: spec.output,
            distillable: spec.distillable,
            moderated: spec.moderated.unwrap_or(false),
            hidden: spec.hidden,
            expires: spec.expires,
            hugging_face_id: spec.hugging_face_id,
            strategy: spec.strategy,
            content_policy: spec.content_policy,
            deadlines: spec.deadlines,
            hedge: spec.hedge,
            family: spec
                .family
                .or_else(|| family::of_id(&spec.id).map(Into::into)),
            id: spec.id,
            aliases: spec.aliases.into(),
            created: spec.created,
            description: spec.description,
            context_length: spec.context_length.map(NonZeroU64::get),
            endpoints: endpoints.into(),
        });
        self.names.insert(model.id.clone(), model.clone());
        for alias in &model.aliases {
            self.names.insert(alias.clone(), model.clone());
        }
        if !model.hidden && model.endpoints.iter().any(|endpoint| endpoint.is_free()) {
            self.free.push(model.clone());
        }
        self.models.push(model);
    }
}

/// What the same costs in other tiers, for each of these: nothing if there is but one tier.
fn tiers(endpoints: &[EndpointSpec]) -> Vec<Box<[(Tier, Prices)]>> {
    let is_of = |endpoint: &EndpointSpec| Tier::of_tag(endpoint.tag());
    if endpoints.iter().all(|endpoint| is_of(endpoint).is_none()) {
        return Vec::new();
    }
    // `openai/priority` is a tier of `openai`.
    fn without(endpoint: &EndpointSpec) -> &str {
        let tag = endpoint.tag();
        match (Tier::of_tag(tag), tag.rsplit_once('/')) {
            (Some(_), Some((before, _))) => before,
            _ => tag,
        }
    }
    let each = endpoints.iter().map(|one| {
        let alike = |other: &&EndpointSpec| {
            other.provider == one.provider
                && other.upstream_model == one.upstream_model
                && is_of(other) != is_of(one)
                && without(other) == without(one)
        };
        let others = endpoints.iter().filter(alike);
        let tier = |other| is_of(other).unwrap_or(Tier::Default);
        others
            .map(|other| (tier(other), other.prices.clone()))
            .collect()
    });
    each.collect()
}

pub(super) fn short_hash(text: impl AsRef<[u8]>) -> Box<str> {
    Sha256::digest(text)[..6]
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
        .into()
}
