//! By a measure that the caller has chosen.

use serde_json::{Value, json};
use switchtower::catalog::{EndpointSpec, Prices, Rate};
use switchtower::wire::{Field, Fields, Modality};
use switchtower::{Plan, Reason};

use crate::support::*;

fn sort(by: Value) -> Value {
    provider(json!({"sort": by}))
}

#[test]
fn by_throughput_or_by_latency() {
    let world = World::serving([at("a", "1"), at("b", "2"), at("c", "3")]);
    for (tag, millis, throughput) in [("a", 300, 20), ("b", 100, 10), ("c", 200, 30)] {
        world.measure(&format!("a/x@{tag}"), millis, throughput);
    }
    for seed in 0..50 {
        let of = |by: &str| world.draw(&sort(json!(by)), seed).unwrap();
        assert_eq!(keys(&of("throughput")), ["a/x@c", "a/x@a", "a/x@b"]);
        assert_eq!(keys(&of("latency")), ["a/x@b", "a/x@c", "a/x@a"]);
        assert_eq!(reasons(&of("latency")), [Reason::Latency; 3]);
    }
}

/// One request in twenty, and never more, goes to an endpoint that nobody has measured.
#[test]
fn the_unmeasured_are_explored_at_a_bounded_rate() {
    let world = World::serving([at("a", "1"), at("b", "2"), at("c", "3"), at("d", "4")]);
    world.measure("a/x@c", 100, 10);
    world.fail("a/x@d");
    for by in ["throughput", "latency"] {
        let plan = world.plan(sort(json!(by))).unwrap();
        assert_eq!(keys(&plan), ["a/x@c", "a/x@a", "a/x@b", "a/x@d"]);
        let firsts = world.firsts(&sort(json!(by)), 20_000);
        near(firsts["a/x@c"], 0.95, 20_000);
        near(firsts["a/x@a"], 0.025, 20_000);
        near(firsts["a/x@b"], 0.025, 20_000);
        assert_eq!(firsts.len(), 3, "what is out is not explored");
    }
    let explored = |plan: &Plan| plan.candidates[0].reason == Reason::Explored;
    let plans = (0..200).map(|seed| world.draw(&sort(json!("latency")), seed).unwrap());
    let explored = plans.filter(explored).map(|plan| keys(&plan)[1].to_owned());
    assert!(explored.clone().count() > 0);
    assert!(explored.clone().all(|second| second == "a/x@c"));
}

#[test]
fn nobody_is_explored_without_a_fallback_or_where_all_are_measured() {
    let world = World::serving([at("a", "1"), at("b", "2")]);
    world.measure("a/x@b", 100, 10);
    let alone = provider(json!({"sort": "latency", "allow_fallbacks": false}));
    assert_eq!(world.firsts(&alone, 500).len(), 1);
    assert_eq!(world.firsts(&sort(json!("price")), 500).len(), 1);
    world.measure("a/x@a", 200, 10);
    assert_eq!(world.firsts(&sort(json!("latency")), 500)["a/x@b"], 1.0);
}

/// A failure brings no figure, and takes none away that would make room at the front.
#[test]
fn failures_never_improve_a_figure() {
    let world = World::serving([at("a", "1"), at("b", "2")]);
    world.measure("a/x@a", 100, 10);
    world.measure("a/x@b", 200, 5);
    let before = world.order(sort(json!("latency")));
    for _ in 0..100 {
        world.standing("a/x@b").succeeded(world.start, None, None);
        world.standing("a/x@b").failed(world.start);
    }
    assert_eq!(world.order(sort(json!("latency"))), before);
    assert_eq!(world.order(sort(json!("throughput"))), before);
}

#[test]
fn one_order_over_all_models() {
    let world = World::having([
        served("a/x", [at("a", "2"), at("b", "4")]),
        served("a/y", [at("a", "1"), at("b", "3")]),
    ]);
    let ask = |sort: Value| json!({"models": ["a/x", "a/y"], "provider": {"sort": sort}});
    let apart = ["a", "b", "a/y@a", "a/y@b"];
    let together = ["a/y@a", "a", "a/y@b", "b"];
    assert_eq!(world.order(ask(json!("price"))), apart);
    assert_eq!(world.order(ask(json!({"by": "price"}))), apart);
    let by_model = json!({"by": "price", "partition": "model"});
    assert_eq!(world.order(ask(by_model)), apart);
    let none = json!({"by": "price", "partition": "none"});
    assert_eq!(world.order(ask(none)), together);
    // The deprecated way to say so, and a variant to sort by.
    let routed = json!({"models": ["a/x:floor", "a/y:floor"], "route": "sort"});
    assert_eq!(world.order(routed), together);
    let routed = json!({"models": ["a/x:floor", "a/y:floor"], "route": "fallback"});
    assert_eq!(world.order(routed), apart);
    // A partition without a sort says nothing.
    let unsorted = json!({"models": ["a/x", "a/y"], "route": "sort"});
    let plan = world.plan(unsorted).unwrap();
    assert_eq!(plan.candidates[0].model.id(), "a/x");
}

/// Throughputs were compared with prices, and the second model came first whatever was measured.
#[test]
fn models_that_sort_differently_are_no_one_order() {
    let world = World::having([served("a/x", [at("a", "9")]), served("a/y", [at("b", "1")])]);
    world.measure("a/x@a", 100, 90);
    world.measure("a/y@b", 100, 10);
    for fallback in ["a/y", "a/y:floor"] {
        let body = json!({"models": ["a/x:nitro", fallback], "route": "sort"});
        assert_eq!(world.order(body), ["a", "a/y@b"], "{fallback}");
    }
}

/// What a preference had taken away of the first model made room before it for one of the second.
#[test]
fn of_two_models_at_one_price_the_first_comes_first() {
    let plain = || Fields::of(&[Field::MaxTokens]);
    let tools = || Fields::of(&[Field::MaxTokens, Field::Tools]);
    for (first, others) in [(1, "a/y@d"), (2, "a/y@d")] {
        let weak = ["a", "b"].into_iter().take(first);
        let weak = weak.map(|tag| at(tag, "1").with_parameters(plain()));
        let able = at("c", "1").with_parameters(tools());
        let world = World::having([
            served("a/x", weak.chain([able])),
            served("a/y", [at("d", "1").with_parameters(tools())]),
        ]);
        let sort = json!({"by": "price", "partition": "none"});
        let body = json!({"models": ["a/x", "a/y"], "tools": [{}], "provider": {"sort": sort}});
        assert_eq!(world.order(body), ["c", others]);
    }
}

/// Nobody lists what vectors cost that are written: so none of them had a price to go by.
#[test]
fn vectors_are_compared_by_what_is_read() {
    let read = |tag: &str, price: &str| {
        let prices = Prices::unknown().with(Rate::Prompt, per_million(price));
        EndpointSpec::new(tag, "upstream").with_prices(prices)
    };
    let vectors = [Modality::Embeddings].into_iter().collect();
    let world =
        World::having([served("a/x", [read("a", "1"), read("b", "0.01")]).with_output(vectors)]);
    let body = |more: Value| {
        let mut body = json!({"model": "a/x", "input": "hi"});
        body["provider"] = more;
        body
    };
    assert_eq!(world.order(body(json!({"sort": "price"}))), ["b", "a"]);
    let firsts = world.firsts(&body(json!({})), 2000);
    assert!(firsts["a/x@b"] > 0.99, "{firsts:?}");
    let cap = json!({"max_price": {"completion": 1}});
    assert_eq!(world.plan(body(cap)).unwrap().candidates.len(), 2);
}
