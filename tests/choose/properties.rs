//! Whatever the catalogue and the request.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use switchtower::Kind;
use switchtower::catalog::Endpoint;

use crate::support::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_plan_is_what_the_filters_leave(case in case(), seed: u64) {
        let world = case.world();
        let body = case.body();
        let asked = case.asked();
        let survivors: BTreeSet<String> = asked
            .iter()
            .flat_map(|model| world.catalog.find(model).unwrap().endpoints())
            .filter(|endpoint| case.survives(endpoint))
            .map(|endpoint| endpoint.key().to_owned())
            .collect();
        let plan = world.draw(&body, seed);
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                prop_assert_eq!(error.kind(), Kind::NoEndpoints);
                let cut_all = !case.allow_fallbacks && !case.order.is_empty()
                    && !survivors.iter().any(|key| case.order.iter().any(|name| names(name, key)));
                prop_assert!(survivors.is_empty() || cut_all, "{}", error);
                return Ok(());
            }
        };
        let planned: Vec<String> = keys(&plan).iter().map(|&key| key.to_owned()).collect();
        let once: BTreeSet<String> = planned.iter().cloned().collect();
        prop_assert_eq!(once.len(), planned.len(), "nobody is asked twice");
        prop_assert!(once.is_subset(&survivors), "nobody who was filtered out is asked");
        if case.allow_fallbacks {
            prop_assert_eq!(&once, &survivors);
        } else if case.order.is_empty() {
            prop_assert_eq!(planned.len(), 1);
        } else {
            let named = |key: &&String| case.order.iter().any(|name| names(name, key));
            prop_assert_eq!(once, survivors.iter().filter(named).cloned().collect());
        }
        // Everything is accounted for, once.
        let all: usize = asked.iter().map(|model| world.catalog.find(model).unwrap().endpoints().len()).sum();
        prop_assert_eq!(plan.candidates.len() + plan.rejected.len(), all);
        // The models stand in the order in which they were named.
        let places: Vec<_> = plan.candidates.iter()
            .map(|c| asked.iter().position(|model| *model == c.model.id()).unwrap())
            .collect();
        prop_assert!(places.is_sorted());
        // Without a wish for an order, the steady come before the unsteady.
        if case.order.is_empty() {
            for of_a_model in plan.candidates.chunk_by(|a, b| a.model.id() == b.model.id()) {
                let out = of_a_model.iter().map(|c| !c.standing.is_steady(world.start));
                prop_assert!(out.is_sorted());
            }
        }
        // The same arguments make the same plan.
        let again = world.draw(&body, seed).unwrap();
        prop_assert_eq!(keys(&again), keys(&plan));
    }
}

/// Endpoints of three models at four providers, and a request for some of them.
#[derive(Clone, Debug)]
struct Case {
    /// Model, tag, price, failed.
    offers: BTreeMap<(u8, &'static str), (&'static str, bool)>,
    models: Vec<u8>,
    order: Vec<&'static str>,
    only: Vec<&'static str>,
    ignore: Vec<&'static str>,
    allow_fallbacks: bool,
    sort: bool,
    max_price: Option<u64>,
}

const MODELS: [&str; 3] = ["a/x", "a/y", "a/z"];

fn case() -> impl Strategy<Value = Case> {
    let tag = prop::sample::select(vec!["one", "one/fp8", "two", "two/int4", "three", "four"]);
    let price = prop::sample::select(vec!["0", "1", "2", "2", "7", "?"]);
    let offers = prop::collection::btree_map((0..3u8, tag), (price, any::<bool>()), 1..12);
    let name = prop::sample::select(vec![
        "one",
        "one/fp8",
        "two",
        "Provider Three",
        "four",
        "no",
    ]);
    let list = prop::collection::vec(name, 0..4);
    (
        offers,
        prop::collection::vec(0..3u8, 1..5),
        (list.clone(), list.clone(), list),
        (any::<bool>(), any::<bool>()),
        prop::option::of(0..8u64),
    )
        .prop_map(|(offers, models, lists, flags, max_price)| Case {
            offers,
            models,
            order: lists.0,
            only: lists.1,
            ignore: lists.2,
            allow_fallbacks: flags.0,
            sort: flags.1,
            max_price,
        })
        .prop_filter("every model has an endpoint", |case| {
            let has = |model: &u8| case.offers.keys().any(|(at, _)| at == model);
            case.models.iter().all(has)
        })
}

// === impl Case ===

impl Case {
    fn world(&self) -> World {
        let mut models: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for ((model, tag), (price, _)) in &self.offers {
            let model = models.entry(MODELS[usize::from(*model)]).or_default();
            model.push((tag, price));
        }
        let models: Vec<_> = models.iter().map(|(m, e)| (*m, &e[..])).collect();
        let world = World::new(&models);
        for ((model, tag), (_, failed)) in &self.offers {
            if *failed {
                world.fail(&format!("{}@{tag}", MODELS[usize::from(*model)]));
            }
        }
        world
    }

    fn asked(&self) -> Vec<&'static str> {
        let mut asked = Vec::new();
        for model in &self.models {
            let model = MODELS[usize::from(*model)];
            if !asked.contains(&model) {
                asked.push(model);
            }
        }
        asked
    }

    fn body(&self) -> Value {
        let models = self.models.iter().map(|model| MODELS[usize::from(*model)]);
        let mut wanted = json!({
            "order": self.order, "only": self.only, "ignore": self.ignore,
            "allow_fallbacks": self.allow_fallbacks,
        });
        if self.sort {
            wanted["sort"] = "price".into();
        }
        if let Some(max) = self.max_price {
            wanted["max_price"] = json!({"completion": max});
        }
        json!({"models": models.collect::<Vec<_>>(), "provider": wanted})
    }

    /// An oracle of its own, over the text of the case.
    fn survives(&self, endpoint: &Endpoint) -> bool {
        let named = |list: &[&str]| list.iter().any(|name| names(name, endpoint.key()));
        let (_, (price, _)) = self
            .offers
            .iter()
            .find(|((model, tag), _)| {
                MODELS[usize::from(*model)] == endpoint.model() && *tag == endpoint.tag()
            })
            .unwrap();
        let affordable = match self.max_price {
            None => true,
            Some(max) => price.parse::<u64>().is_ok_and(|price| price <= max),
        };
        (self.only.is_empty() || named(&self.only)) && !named(&self.ignore) && affordable
    }
}
