//! Small catalogues, and what is asked of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchtower::catalog::{Catalog, Endpoint, EndpointSpec, ModelSpec, Prices, Provider, Rate};
use switchtower::choose::{Ask, plan};
use switchtower::standing::{Roster, Standing};
use switchtower::{Error, Filter, Payload, Plan, Price, Reason};

pub(crate) struct World {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) roster: Roster,
    pub(crate) start: Instant,
}

impl World {
    /// Models, each with tags and prices per million tokens; `?` is an unknown one. `a/x` is also
    /// `x-for-short`.
    pub(crate) fn new(models: &[(&str, &[(&str, &str)])]) -> Self {
        let mut catalog = Catalog::builder();
        let tags = models.iter().flat_map(|(_, endpoints)| *endpoints);
        let slugs: BTreeSet<&str> = tags.map(|(tag, _)| slug(tag)).collect();
        for slug in slugs {
            let url = format!("http://{slug}.test/v1").parse().unwrap();
            let name = format!("Provider {slug}");
            catalog = catalog.provider(Provider::new(slug, url).with_name(&name));
        }
        for (id, endpoints) in models {
            let short = id.rsplit('/').next().unwrap();
            let mut model = ModelSpec::new(id).with_alias(&format!("{short}-for-short"));
            for (tag, price) in *endpoints {
                let prices = match *price {
                    "?" => Prices::unknown(),
                    price => flat(price),
                };
                let endpoint = EndpointSpec::new(slug(tag), "upstream").with_tag(tag);
                model = model.endpoint(endpoint.with_prices(prices));
            }
            catalog = catalog.model(model);
        }
        Self::of(catalog.build().unwrap())
    }

    /// These models, at providers `a` to `f`.
    pub(crate) fn having(models: impl IntoIterator<Item = ModelSpec>) -> Self {
        let mut catalog = Catalog::builder();
        for slug in ["a", "b", "c", "d", "e", "f"] {
            let url = format!("http://{slug}.test/v1").parse().unwrap();
            catalog = catalog.provider(Provider::new(slug, url));
        }
        let catalog = models
            .into_iter()
            .fold(catalog, |catalog, model| catalog.model(model));
        Self::of(catalog.build().unwrap())
    }

    /// The model `a/x` with these endpoints.
    pub(crate) fn serving(endpoints: impl IntoIterator<Item = EndpointSpec>) -> Self {
        Self::having([served("a/x", endpoints)])
    }

    pub(crate) fn of(catalog: Catalog) -> Self {
        let start = tokio::time::Instant::now().into_std();
        let catalog = Arc::new(catalog);
        Self {
            roster: Roster::new(catalog.clone(), start),
            catalog,
            start,
        }
    }

    pub(crate) fn endpoint(&self, key: &str) -> &Arc<Endpoint> {
        let mut endpoints = self.catalog.endpoints();
        endpoints.find(|endpoint| endpoint.key() == key).unwrap()
    }

    pub(crate) fn standing(&self, key: &str) -> Arc<Standing> {
        self.roster.lineup().standing(self.endpoint(key)).clone()
    }

    pub(crate) fn fail(&self, key: &str) {
        self.standing(key).failed(self.start);
    }

    /// An answer that took so many milliseconds to its first token, and wrote so many tokens a second.
    pub(crate) fn measure(&self, key: &str, millis: u64, throughput: u32) {
        let first_token = Some(Duration::from_millis(millis));
        self.standing(key)
            .succeeded(self.start, first_token, Some(throughput * 1000));
    }

    /// The tags of `a/x`, or of all models by their keys, in the order in which they would be asked.
    pub(crate) fn order(&self, body: Value) -> Vec<String> {
        let plan = self.plan(body).unwrap();
        let keys = keys(&plan).into_iter();
        keys.map(|key| key.trim_start_matches("a/x@").to_owned())
            .collect()
    }

    /// Whom a request gets, in so many draws.
    pub(crate) fn firsts(&self, body: &Value, draws: u64) -> BTreeMap<String, f64> {
        let payload = payload(body);
        let mut counts = BTreeMap::new();
        for seed in 0..draws {
            let plan = self.of_payload(&payload, seed).unwrap();
            *counts
                .entry(plan.candidates[0].endpoint.key().to_owned())
                .or_insert(0.0) += 1.0;
        }
        counts
            .into_iter()
            .map(|(key, count)| (key, count / draws as f64))
            .collect()
    }

    pub(crate) fn plan(&self, body: Value) -> Result<Plan, Error> {
        self.draw(&body, 1)
    }

    pub(crate) fn draw(&self, body: &Value, seed: u64) -> Result<Plan, Error> {
        let payload = Payload::read(body.to_string())?;
        self.of_payload(&payload, seed)
    }

    pub(crate) fn of_payload(&self, payload: &Payload, seed: u64) -> Result<Plan, Error> {
        self.ask(&Ask::new(payload, seed, self.start))
    }

    pub(crate) fn ask(&self, ask: &Ask<'_>) -> Result<Plan, Error> {
        plan(ask, &self.roster.lineup())
    }

    /// How often does each order come up in so many draws?
    pub(crate) fn shares(&self, draws: u32) -> BTreeMap<String, f64> {
        let payload = payload(&json!({"model": "a/x"}));
        let mut counts = BTreeMap::new();
        for seed in 0..draws.into() {
            let plan = self.of_payload(&payload, seed).unwrap();
            assert_eq!(plan.candidates[0].reason, Reason::Drawn);
            *counts.entry(keys(&plan).join(" ")).or_insert(0u32) += 1;
        }
        let share = |(order, count)| (order, f64::from(count) / f64::from(draws));
        counts.into_iter().map(share).collect()
    }
}

pub(crate) fn payload(body: &Value) -> Payload {
    Payload::read(body.to_string()).unwrap()
}

pub(crate) fn provider(wanted: Value) -> Value {
    json!({"model": "a/x", "provider": wanted})
}

pub(crate) fn keys(plan: &Plan) -> Vec<&str> {
    plan.candidates.iter().map(|c| c.endpoint.key()).collect()
}

pub(crate) fn tags(plan: &Plan) -> BTreeSet<&str> {
    plan.candidates.iter().map(|c| c.endpoint.tag()).collect()
}

pub(crate) fn slug(tag: &str) -> &str {
    tag.split('/').next().unwrap()
}

/// Does this name mean the endpoint with this key?
pub(crate) fn names(name: &str, key: &str) -> bool {
    let (_, tag) = key.split_once('@').unwrap();
    name == tag
        || name == slug(tag)
        || name.eq_ignore_ascii_case(&format!("provider {}", slug(tag)))
}

pub(crate) fn served(id: &str, endpoints: impl IntoIterator<Item = EndpointSpec>) -> ModelSpec {
    endpoints
        .into_iter()
        .fold(ModelSpec::new(id), ModelSpec::endpoint)
}

/// An endpoint at a price per million tokens.
pub(crate) fn at(tag: &str, price: &str) -> EndpointSpec {
    let endpoint = EndpointSpec::new(slug(tag), "upstream").with_tag(tag);
    match price {
        "?" => endpoint,
        price => endpoint.with_prices(flat(price)),
    }
}

/// Why each of them stands where it stands.
pub(crate) fn reasons(plan: &Plan) -> Vec<Reason> {
    plan.candidates
        .iter()
        .map(|candidate| candidate.reason)
        .collect()
}

/// What was removed, by its tag, and why.
pub(crate) fn rejected(plan: &Plan) -> BTreeMap<&str, Filter> {
    let rejected = plan.rejected.iter();
    rejected
        .map(|rejected| (rejected.endpoint.tag(), rejected.filter))
        .collect()
}

pub(crate) fn flat(price: &str) -> Prices {
    Prices::unknown()
        .with(Rate::Prompt, per_million(price))
        .with(Rate::Completion, per_million(price))
}

pub(crate) fn per_million(text: &str) -> Price {
    Price::per_million(text).unwrap()
}

/// Within four standard errors.
pub(crate) fn near(share: f64, expected: f64, draws: u32) {
    let error = (expected * (1.0 - expected) / f64::from(draws)).sqrt();
    assert!(
        (share - expected).abs() < 4.0 * error,
        "{share} is not {expected}"
    );
}
