//! The operator's own orders.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use serde_json::json;
use switchtower::Reason;
use switchtower::catalog::{EndpointSpec, Override, Prices, Rate, Strategy};
use switchtower::choose::Ask;

use crate::support::*;

fn by(strategy: Strategy, endpoints: impl IntoIterator<Item = EndpointSpec>) -> World {
    World::having([served("a/x", endpoints).with_strategy(strategy)])
}

fn weighing(tag: &str, weight: u32) -> EndpointSpec {
    at(tag, "1").with_weight(NonZeroU32::new(weight).unwrap())
}

#[test]
fn weighted_is_drawn_by_weight_and_so_are_those_that_are_left() {
    let world = by(
        Strategy::Weighted,
        [weighing("a", 1), weighing("b", 2), weighing("c", 7)],
    );
    let draws = 20_000;
    let mut orders = std::collections::BTreeMap::new();
    for seed in 0..draws {
        let plan = world.draw(&json!({"model": "a/x"}), seed).unwrap();
        assert_eq!(reasons(&plan), [Reason::Weighted; 3]);
        *orders.entry(keys(&plan).join(" ")).or_insert(0.0) += 1.0 / draws as f64;
    }
    near(orders["a/x@c a/x@b a/x@a"], 0.7 * 2.0 / 3.0, draws as u32);
    near(orders["a/x@c a/x@a a/x@b"], 0.7 / 3.0, draws as u32);
    near(orders["a/x@a a/x@c a/x@b"], 0.1 * 7.0 / 9.0, draws as u32);
}

#[test]
fn listed_is_as_listed_but_for_what_is_out() {
    let world = by(Strategy::Listed, [at("c", "3"), at("a", "1"), at("b", "2")]);
    assert_eq!(world.order(json!({"model": "a/x"})), ["c", "a", "b"]);
    world.fail("a/x@c");
    assert_eq!(world.order(json!({"model": "a/x"})), ["a", "b", "c"]);
    assert_eq!(
        world.order(provider(json!({"sort": "price"}))),
        ["a", "b", "c"]
    );
}

#[test]
fn least_in_flight_and_by_chance_among_equals() {
    let world = by(
        Strategy::LeastInFlight,
        [at("a", "1"), at("b", "2"), at("c", "3")],
    );
    let body = json!({"model": "a/x"});
    assert_eq!(world.firsts(&body, 300).len(), 3);
    world.standing("a/x@a").began(1);
    world.standing("a/x@b").began(1);
    world.standing("a/x@b").began(1);
    assert_eq!(world.order(body.clone()), ["c", "a", "b"]);
    world.standing("a/x@b").ended(1);
    world.standing("a/x@b").ended(1);
    world.standing("a/x@c").began(1);
    world.standing("a/x@c").began(1);
    assert_eq!(world.order(body), ["b", "a", "c"]);
}

#[test]
fn the_better_of_two_writes_less_and_begins_sooner() {
    let world = by(
        Strategy::PowerOfTwo,
        [at("a", "1"), at("b", "2"), at("c", "3")],
    );
    let body = json!({"model": "a/x"});
    world.standing("a/x@a").began(10_000);
    let firsts = world.firsts(&body, 3_000);
    assert!(
        !firsts.contains_key("a/x@a"),
        "one of two always has less: {firsts:?}"
    );
    near(firsts["a/x@b"], 0.5, 3_000);
    // Twice as soon outweighs half as much again.
    world.measure("a/x@a", 100, 10);
    world.measure("a/x@b", 400, 10);
    world.measure("a/x@c", 400, 10);
    world.standing("a/x@b").began(15_000);
    world.standing("a/x@c").began(15_000);
    let firsts = world.firsts(&body, 3_000);
    // It is in two of three pairs, and wins both.
    near(firsts["a/x@a"], 2.0 / 3.0, 3_000);
    let plan = world.plan(body).unwrap();
    assert_eq!(plan.candidates[0].reason, Reason::PowerOfTwo);
}

#[test]
fn what_is_out_is_no_one_of_the_two() {
    let world = by(Strategy::PowerOfTwo, [at("a", "1"), at("b", "2")]);
    world.fail("a/x@a");
    assert_eq!(world.firsts(&json!({"model": "a/x"}), 100)["a/x@b"], 1.0);
    let one = by(Strategy::PowerOfTwo, [at("a", "1")]);
    assert_eq!(one.order(json!({"model": "a/x"})), ["a"]);
}

#[test]
fn expected_cost_is_that_of_this_request() {
    let priced = |tag: &str, prompt: &str, completion: &str| {
        let prices = Prices::unknown()
            .with(Rate::Prompt, per_million(prompt))
            .with(Rate::Completion, per_million(completion));
        EndpointSpec::new(tag, "x").with_prices(prices)
    };
    let world = by(
        Strategy::ExpectedCost,
        [priced("a", "1", "10"), priced("b", "3", "1"), at("c", "?")],
    );
    let ask = |prompt: usize, max: u64| json!({"model": "a/x", "prompt": "x".repeat(prompt * 4), "max_tokens": max});
    // 4000 + 100 tokens: 5.0 and 12.1 of a thousandth of a dollar.
    assert_eq!(world.order(ask(4_000, 100)), ["a", "b", "c"]);
    // 100 + 400 tokens: 4.1 and 0.7.
    assert_eq!(world.order(ask(100, 400)), ["b", "a", "c"]);
    let plan = world.plan(ask(100, 400)).unwrap();
    assert_eq!(reasons(&plan), [Reason::ExpectedCost; 3]);
}

#[test]
fn expected_cost_knows_of_long_prompts_and_of_the_hour() {
    let long = Override::new()
        .above(1_000)
        .with(Rate::Prompt, per_million("5"));
    let night = Override::new()
        .during("00:00-06:00".parse().unwrap())
        .with(Rate::Prompt, per_million("0.1"));
    let world = by(
        Strategy::ExpectedCost,
        [
            EndpointSpec::new("a", "x").with_prices(flat("1").with_override(long)),
            EndpointSpec::new("b", "x").with_prices(flat("2").with_override(night)),
        ],
    );
    let first = |tokens: usize, hour: u64| {
        let payload =
            payload(&json!({"model": "a/x", "prompt": "x".repeat(tokens * 4), "max_tokens": 1}));
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(hour * 3600);
        let ask = Ask::new(&payload, 1, world.start).wall(wall);
        world.ask(&ask).unwrap().candidates[0]
            .endpoint
            .tag()
            .to_owned()
    };
    assert_eq!(first(900, 12), "a");
    assert_eq!(first(1_100, 12), "b");
    assert_eq!(first(900, 3), "b");
}

#[test]
fn a_strategy_holds_for_tools_too() {
    let world = by(Strategy::Listed, [at("b", "2"), at("a", "1")]);
    let plan = world.plan(json!({"model": "a/x", "tools": [{}]})).unwrap();
    assert_eq!(reasons(&plan), [Reason::Listed; 2]);
}
