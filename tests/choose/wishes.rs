//! All wishes at once, over random catalogues, requests and standings.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use switchtower::catalog::{Endpoint, EndpointSpec, Strategy as Order};
use switchtower::wire::Quantization;
use switchtower::{Candidate, Kind, Plan};

use crate::support::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_plan_is_a_permutation_of_who_may_answer(case in case(), seed: u64) {
        let world = case.world();
        let asked = case.endpoints(&world);
        let may: BTreeSet<&str> = asked.iter().filter(|e| case.wish.admits(e)).map(|e| e.key()).collect();
        let plan = match world.draw(&case.body(), seed) {
            Ok(plan) => plan,
            Err(error) => {
                prop_assert_eq!(error.kind(), Kind::NoEndpoints);
                prop_assert!(may.is_empty() || !case.wish.fallbacks, "{}", error);
                return Ok(());
            }
        };
        let planned = keys(&plan);
        let once: BTreeSet<&str> = planned.iter().copied().collect();
        prop_assert_eq!(once.len(), planned.len(), "nobody is asked twice");
        prop_assert!(once.is_subset(&may), "nobody is asked who may not be");
        match (case.wish.fallbacks, &case.wish.order[..]) {
            (true, _) => prop_assert_eq!(once, may),
            (false, []) => prop_assert_eq!(planned.len(), 1),
            (false, order) => {
                let named = |key: &&&str| order.iter().any(|name| names(name, key));
                prop_assert_eq!(once, may.iter().filter(named).copied().collect());
            }
        }
        let removed = plan.rejected.iter().map(|r| r.endpoint.key());
        let all: BTreeSet<&str> = removed.chain(planned.iter().copied()).collect();
        prop_assert_eq!(all.len(), asked.len(), "everybody is accounted for");
        let again = world.draw(&case.body(), seed).unwrap();
        prop_assert_eq!((keys(&again), reasons(&again)), (planned, reasons(&plan)));
    }

    #[test]
    fn a_tighter_filter_lets_nobody_in(case in case(), hard in hard(), seed: u64) {
        let mut case = case;
        case.wish.fallbacks = true;
        let world = case.world();
        let before = world.draw(&case.body(), seed);
        case.wish.tighten(&hard);
        let after = world.draw(&case.body(), seed);
        prop_assert!(candidates(&after).is_subset(&candidates(&before)));
    }

    #[test]
    fn thresholds_only_reorder(case in case(), throughput in 0..200u32, latency in 0..1_000u32, seed: u64) {
        let world = case.world();
        let mut case = case;
        case.wish.fallbacks = true;
        let without = world.draw(&case.body(), seed);
        let mut body = case.body();
        body["provider"]["preferred_min_throughput"] = json!({"p50": throughput, "p90": throughput / 2});
        body["provider"]["preferred_max_latency"] = json!(f64::from(latency) / 1_000.0);
        prop_assert_eq!(candidates(&world.draw(&body, seed)), candidates(&without));
    }

    #[test]
    fn own_keys_and_then_the_named_come_first_of_a_model(case in case(), latency in 0..1_000u32, seed: u64) {
        let mut case = case;
        case.wish.fallbacks = true;
        let world = case.world();
        let mut body = case.body();
        body["provider"]["preferred_max_latency"] = json!(f64::from(latency) / 1_000.0);
        for seed in (0..30).map(|n| seed.wrapping_add(n)) {
            let Ok(plan) = world.draw(&body, seed) else { return Ok(()) };
            for model in MODELS {
                let of_model = plan.candidates.iter().filter(|c| c.model.id() == model);
                let place = |c: &Candidate| {
                    let named = case.wish.order.iter().position(|name| *name == c.endpoint.tag());
                    (!c.endpoint.has_own_key(), named.unwrap_or(usize::MAX))
                };
                prop_assert!(of_model.map(place).is_sorted(), "{:?} {:?}", keys(&plan), reasons(&plan));
            }
        }
    }
}

fn candidates(plan: &Result<Plan, switchtower::Error>) -> BTreeSet<String> {
    let candidates = plan.iter().flat_map(|plan| &plan.candidates);
    candidates
        .map(|candidate| candidate.endpoint.key().to_owned())
        .collect()
}

/// Two models at six providers, and a request for both.
#[derive(Clone, Debug)]
struct Case {
    offers: [Vec<Offer>; 2],
    strategy: Order,
    variant: &'static str,
    wish: Wish,
}

#[derive(Clone, Debug)]
struct Offer {
    price: &'static str,
    zdr: bool,
    keeps: bool,
    own: bool,
    fp8: bool,
    /// Milliseconds, if it was measured.
    latency: Option<u64>,
    failed: u8,
}

#[derive(Clone, Debug)]
struct Wish {
    order: Vec<&'static str>,
    fallbacks: bool,
    sort: Value,
    hard: Hard,
}

/// What removes for good.
#[derive(Clone, Debug)]
struct Hard {
    only: Vec<&'static str>,
    ignore: Vec<&'static str>,
    max_price: Option<u64>,
    zdr: bool,
    deny: bool,
    fp8: bool,
}

const TAGS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const MODELS: [&str; 2] = ["a/x", "a/y"];

fn names(name: &str, key: &str) -> bool {
    key.rsplit('@').next() == Some(name)
}

fn offer() -> impl Strategy<Value = Offer> {
    let price = prop::sample::select(vec!["0", "1", "2", "2", "7", "?"]);
    let flags = any::<(bool, bool, bool, bool)>();
    (price, flags, prop::option::of(1..900u64), 0..3u8).prop_map(
        |(price, (zdr, keeps, own, fp8), latency, failed)| Offer {
            price,
            zdr,
            keeps,
            own,
            fp8,
            latency,
            failed,
        },
    )
}

fn some(most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(TAGS.to_vec()), 0..most)
}

fn hard() -> impl Strategy<Value = Hard> {
    let rarely = || prop::bool::weighted(0.2);
    (
        some(5),
        some(3),
        prop::option::weighted(0.3, 0..8u64),
        rarely(),
        rarely(),
        rarely(),
    )
        .prop_map(|(only, ignore, max_price, zdr, deny, fp8)| Hard {
            only,
            ignore,
            max_price,
            zdr,
            deny,
            fp8,
        })
}

fn wish() -> impl Strategy<Value = Wish> {
    let sorts = [
        json!(null),
        json!("price"),
        json!("throughput"),
        json!("latency"),
        json!("exacto"),
        json!({"by": "latency", "partition": "none"}),
    ];
    let sort = prop::sample::select(sorts.to_vec());
    (some(4), any::<bool>(), sort, hard()).prop_map(|(order, fallbacks, sort, hard)| Wish {
        order,
        fallbacks,
        sort,
        hard,
    })
}

fn case() -> impl Strategy<Value = Case> {
    let offers = || prop::collection::vec(offer(), 1..=TAGS.len());
    let strategy = prop::sample::select(Order::ALL.to_vec());
    let variant = prop::sample::select(vec!["", ":nitro", ":floor", ":exacto", ":online"]);
    (offers(), offers(), strategy, variant, wish()).prop_map(|(x, y, strategy, variant, wish)| {
        Case {
            offers: [x, y],
            strategy,
            variant,
            wish,
        }
    })
}

// === impl Case ===

impl Case {
    fn world(&self) -> World {
        let models = MODELS.iter().zip(&self.offers).map(|(id, offers)| {
            let endpoints = TAGS.iter().zip(offers).map(|(tag, offer)| offer.at(tag));
            served(id, endpoints).with_strategy(self.strategy)
        });
        let world = World::having(models);
        for (id, offers) in MODELS.iter().zip(&self.offers) {
            for (tag, offer) in TAGS.iter().zip(offers) {
                let key = format!("{id}@{tag}");
                if let Some(latency) = offer.latency {
                    world.measure(&key, latency, 1_000 / latency as u32);
                }
                (0..offer.failed).for_each(|_| world.fail(&key));
            }
        }
        world
    }

    fn endpoints<'a>(&self, world: &'a World) -> Vec<&'a Endpoint> {
        world
            .catalog
            .endpoints()
            .map(|endpoint| &**endpoint)
            .collect()
    }

    fn body(&self) -> Value {
        let models = MODELS.map(|id| format!("{id}{}", self.variant));
        json!({"models": models, "provider": self.wish.json()})
    }
}

// === impl Offer ===

impl Offer {
    fn at(&self, tag: &str) -> EndpointSpec {
        let endpoint = at(tag, self.price)
            .with_zdr(self.zdr)
            .with_data_collection(self.keeps)
            .with_own_key(self.own);
        match self.fp8 {
            true => endpoint.with_quantization(Quantization::Mxfp8),
            false => endpoint,
        }
    }
}

// === impl Wish ===

impl Wish {
    fn json(&self) -> Value {
        let mut wish = Map::new();
        let mut set = |name: &str, value: Value| wish.insert(name.to_owned(), value);
        let Hard { only, ignore, .. } = &self.hard;
        set("order", json!(self.order));
        set("allow_fallbacks", json!(self.fallbacks));
        set("sort", self.sort.clone());
        set("only", json!(only));
        set("ignore", json!(ignore));
        set("zdr", json!(self.hard.zdr));
        set(
            "data_collection",
            json!(if self.hard.deny { "deny" } else { "allow" }),
        );
        if let Some(max) = self.hard.max_price {
            set(
                "max_price",
                json!({"prompt": max, "completion": max.to_string()}),
            );
        }
        if self.hard.fp8 {
            set("quantizations", json!(["fp8"]));
        }
        Value::Object(wish)
    }

    /// An oracle of its own.
    fn admits(&self, endpoint: &Endpoint) -> bool {
        let Hard {
            only,
            ignore,
            max_price,
            zdr,
            deny,
            fp8,
        } = &self.hard;
        let affordable = max_price.is_none_or(|max| {
            let max = max * 1_000_000_000;
            let known = endpoint.prices().prompt().map(|price| price.femtodollars());
            known.is_some_and(|price| price <= max)
        });
        (only.is_empty() || only.contains(&endpoint.tag()))
            && !ignore.contains(&endpoint.tag())
            && affordable
            && (!zdr || endpoint.is_zdr())
            && !(*deny && endpoint.collects_data())
            && (!fp8 || endpoint.quantization() == Some(Quantization::Mxfp8))
    }

    fn tighten(&mut self, by: &Hard) {
        let hard = &mut self.hard;
        // Another list of `only` is tighter where it is part of the one before.
        if hard.only.is_empty() {
            hard.only.clone_from(&by.only);
        } else if by.only.iter().any(|tag| hard.only.contains(tag)) {
            hard.only.retain(|tag| by.only.contains(tag));
        }
        hard.ignore.extend(&by.ignore);
        hard.max_price = match (hard.max_price, by.max_price) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        hard.zdr |= by.zdr;
        hard.deny |= by.deny;
        hard.fp8 |= by.fp8;
    }
}
