//! Tiers of service, and keys of one's own.

use serde_json::{Value, json};
use switchtower::{Filter, Reason};

use crate::support::*;

fn tiered() -> World {
    let world = World::serving([
        at("a", "1"),
        at("b", "2"),
        at("a/priority", "3"),
        at("b/priority", "4"),
        at("a/flex", "0.5"),
        at("b/flex", "0.4"),
    ]);
    for (tag, throughput) in [("a", 10), ("b", 20), ("a/priority", 5), ("b/priority", 6)] {
        world.measure(&format!("a/x@{tag}"), 100, throughput);
    }
    world
}

fn tier(name: &str) -> Value {
    json!({"model": "a/x", "service_tier": name})
}

#[test]
fn tiers_are_for_those_who_ask_for_them() {
    let world = tiered();
    for body in [
        json!({"model": "a/x"}),
        tier("auto"),
        tier("default"),
        tier("scale"),
    ] {
        let plan = world.plan(body).unwrap();
        assert_eq!(tags(&plan).into_iter().collect::<Vec<_>>(), ["a", "b"]);
        assert!(
            plan.rejected
                .iter()
                .all(|r| r.filter == Filter::ServiceTier)
        );
    }
}

#[test]
fn priority_comes_first_and_each_group_by_throughput() {
    let world = tiered();
    for name in ["priority", "fast"] {
        let plan = world.plan(tier(name)).unwrap();
        let order = ["a/x@b/priority", "a/x@a/priority", "a/x@b", "a/x@a"];
        assert_eq!(keys(&plan), order);
        let (tier, throughput) = (Reason::Tier, Reason::Throughput);
        assert_eq!(reasons(&plan), [tier, tier, throughput, throughput]);
    }
    let mut sorted = tier("priority");
    sorted["provider"] = json!({"sort": "price"});
    assert_eq!(world.order(sorted), ["a/priority", "b/priority", "a", "b"]);
}

#[test]
fn flex_is_alone_by_price_if_there_is_any() {
    let world = tiered();
    let plan = world.plan(tier("flex")).unwrap();
    assert_eq!(keys(&plan), ["a/x@b/flex", "a/x@a/flex"]);
    assert_eq!(rejected(&plan)["a"], Filter::ServiceTier);
    let none = World::serving([at("a", "1"), at("b", "1"), at("b/priority", "1")]);
    let firsts = none.firsts(&tier("flex"), 1_000);
    assert_eq!(firsts.len(), 2, "balanced as always: {firsts:?}");
}

#[test]
fn a_tier_is_named_exactly() {
    let world = tiered();
    let order = |wanted| world.order(provider(wanted));
    assert_eq!(order(json!({"only": ["a"]})), ["a"]);
    assert_eq!(order(json!({"only": ["a/priority"]})), ["a/priority"]);
    let ordered = order(json!({"order": ["b/priority", "b"]}));
    assert_eq!(ordered, ["b/priority", "b", "a"]);
    // Neither does a base slug ignore one.
    let mut body = tier("priority");
    body["provider"] = json!({"ignore": ["a"]});
    assert_eq!(world.order(body), ["b/priority", "a/priority", "b"]);
    let mut body = tier("priority");
    body["provider"] = json!({"only": ["a"]});
    assert_eq!(world.order(body), ["a"]);
}

#[test]
fn a_key_of_ones_own_comes_first_even_before_an_order() {
    let world = World::serving([at("a", "1"), at("b", "9").with_own_key(true), at("c", "2")]);
    for body in [
        json!({"model": "a/x"}),
        provider(json!({"order": ["c", "a"]})),
        provider(json!({"sort": "price"})),
        // It is exempt from the thresholds, too.
        provider(json!({"preferred_max_latency": 0})),
    ] {
        let plan = world.plan(body).unwrap();
        assert_eq!(plan.candidates[0].endpoint.tag(), "b");
        assert_eq!(plan.candidates[0].reason, Reason::OwnKey);
    }
    let cut = provider(json!({"order": ["c"], "allow_fallbacks": false}));
    assert_eq!(world.order(cut), ["c"]);
}

#[test]
fn several_keys_of_ones_own_are_balanced_among_themselves() {
    let own = |tag, price| at(tag, price).with_own_key(true);
    let world = World::serving([own("a", "1"), own("b", "2"), at("c", "1")]);
    let firsts = world.firsts(&json!({"model": "a/x"}), 10_000);
    near(firsts["a/x@a"], 0.8, 10_000);
    near(firsts["a/x@b"], 0.2, 10_000);
}

#[test]
fn a_key_of_ones_own_for_a_later_model_goes_first_where_all_are_one() {
    let own = served("a/y", [at("b", "9").with_own_key(true)]);
    let world = World::having([served("a/x", [at("a", "1")]), own]);
    let ask = |sort: Value| json!({"models": ["a/x", "a/y"], "provider": {"sort": sort}});
    assert_eq!(world.order(ask(json!("price"))), ["a", "a/y@b"]);
    let together = ask(json!({"by": "price", "partition": "none"}));
    assert_eq!(world.order(together), ["a/y@b", "a"]);
}

/// A tier's endpoints shared the first place of the list, and the cheapest of them all stood there.
#[test]
fn an_order_comes_before_the_tier_that_was_asked_for() {
    let world = World::serving([
        at("a", "1"),
        at("b", "9"),
        at("c/priority", "0.1"),
        at("c", "3"),
    ]);
    let mut body = tier("priority");
    body["provider"] = json!({"order": ["b", "a"]});
    let plan = world.plan(body).unwrap();
    let order = ["a/x@b", "a/x@a", "a/x@c/priority", "a/x@c"];
    assert_eq!(keys(&plan), order);
    let (named, tier) = (Reason::Ordered, Reason::Tier);
    assert_eq!(reasons(&plan), [named, named, tier, Reason::Price]);
}
