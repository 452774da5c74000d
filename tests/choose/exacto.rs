//! By the quality of calls of tools.

use serde_json::{Value, json};
use switchtower::Reason;
use switchtower::catalog::EndpointSpec;

use crate::support::*;

/// Answers with calls of tools, so many of a thousand of them valid; enough to tell.
fn called(world: &World, tag: &str, valid: u32) {
    let standing = world.standing(&format!("a/x@{tag}"));
    for answer in 0..1_000 {
        standing.called_tools(world.start, answer < valid);
    }
    (0..100).for_each(|_| standing.succeeded(world.start, None, None));
}

fn tools() -> Value {
    json!({"model": "a/x", "tools": [{"type": "function"}]})
}

fn five() -> World {
    let prices = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "5")];
    let world = World::serving(prices.map(|(tag, price)| at(tag, price)));
    for (tag, valid) in [("a", 700), ("b", 990), ("c", 995), ("d", 985)] {
        called(&world, tag, valid);
    }
    world
}

#[test]
fn the_good_come_before_the_unknown_and_those_before_the_poor() {
    let plan = five().plan(tools()).unwrap();
    let order = keys(&plan);
    assert_eq!(order[3..], ["a/x@e", "a/x@a"]);
    assert_eq!(reasons(&plan), [Reason::Quality; 5]);
}

#[test]
fn unasked_the_good_are_balanced_by_price_and_the_unknown_explored() {
    let firsts = five().firsts(&tools(), 20_000);
    let (b, c, d) = (1.0 / 4.0, 1.0 / 9.0, 1.0 / 16.0);
    near(firsts["a/x@b"], 0.95 * b / (b + c + d), 20_000);
    near(firsts["a/x@c"], 0.95 * c / (b + c + d), 20_000);
    near(firsts["a/x@d"], 0.95 * d / (b + c + d), 20_000);
    near(firsts["a/x@e"], 0.05, 20_000);
}

#[test]
fn asked_for_they_come_by_the_share_of_faults() {
    let world = five();
    for body in [
        provider(json!({"sort": "exacto"})),
        json!({"model": "a/x:exacto"}),
    ] {
        assert_eq!(world.order(body), ["c", "b", "d", "e", "a"]);
    }
}

#[test]
fn price_and_floor_opt_out() {
    let world = five();
    let mut by_price = tools();
    by_price["provider"] = json!({"sort": "price"});
    assert_eq!(world.order(by_price), ["a", "b", "c", "d", "e"]);
    let floor = json!({"model": "a/x:floor", "tools": [{"type": "function"}]});
    assert_eq!(world.order(floor), ["a", "b", "c", "d", "e"]);
    let without = world.plan(json!({"model": "a/x"})).unwrap();
    assert_eq!(without.candidates[0].reason, Reason::Drawn);
}

#[test]
fn too_little_to_tell_is_balanced_as_always() {
    let world = World::serving([at("a", "1"), at("b", "2")]);
    let firsts = world.firsts(&tools(), 20_000);
    near(firsts["a/x@a"], 0.8, 20_000);
    // 199 answers with calls are too few, and so are 99 requests.
    let standing = world.standing("a/x@b");
    (0..199).for_each(|_| standing.called_tools(world.start, true));
    (0..100).for_each(|_| standing.succeeded(world.start, None, None));
    near(world.firsts(&tools(), 20_000)["a/x@a"], 0.8, 20_000);
    standing.called_tools(world.start, true);
    near(world.firsts(&tools(), 20_000)["a/x@b"], 0.95, 20_000);
}

/// With three there is no telling who is the odd one out.
#[test]
fn three_are_too_few_for_a_median() {
    let world = World::serving([at("a", "1"), at("b", "2"), at("c", "3")]);
    for (tag, valid) in [("a", 100), ("b", 990), ("c", 995)] {
        called(&world, tag, valid);
    }
    let exacto = world.order(provider(json!({"sort": "exacto"})));
    assert_eq!(exacto, ["c", "b", "a"]);
    assert_eq!(world.firsts(&tools(), 1_000).len(), 3, "all are good");
}

#[test]
fn the_slow_are_poor() {
    let world = five();
    called(&world, "e", 990);
    for (tag, throughput) in [("a", 50), ("b", 52), ("c", 48), ("d", 51), ("e", 20)] {
        (0..400).for_each(|_| world.measure(&format!("a/x@{tag}"), 100, throughput));
    }
    let order = world.order(provider(json!({"sort": "exacto"})));
    assert_eq!(order, ["c", "b", "d", "e", "a"]);
    let e = world.plan(tools()).unwrap().candidates[3]
        .endpoint
        .tag()
        .to_owned();
    assert!(["a", "e"].contains(&&*e), "both are poor, and come last");
}

#[test]
fn scores_count_where_enough_have_them() {
    let scored = |tag: &str, score: Option<u32>| -> EndpointSpec {
        match score {
            Some(score) => at(tag, "1").with_score(score),
            None => at(tag, "1"),
        }
    };
    let scores = [Some(800), Some(805), Some(795), Some(500), Some(802), None];
    let tags = ["a", "b", "c", "d", "e", "f"];
    let world = World::serving(tags.into_iter().zip(scores).map(|(t, s)| scored(t, s)));
    tags.iter().for_each(|tag| called(&world, tag, 1_000));
    let order = world.order(provider(json!({"sort": "exacto"})));
    assert_eq!(order, ["a", "b", "c", "e", "d", "f"]);
    // With three scores among four endpoints nobody is judged by them.
    let world = World::serving([
        scored("a", None),
        scored("b", Some(1)),
        scored("c", Some(900)),
        scored("d", Some(900)),
    ]);
    ["a", "b", "c", "d"]
        .iter()
        .for_each(|tag| called(&world, tag, 1_000));
    let order = world.order(provider(json!({"sort": "exacto"})));
    assert_eq!(order, ["a", "b", "c", "d"]);
}
