//! The default: drawn by price.

use std::collections::BTreeMap;

use serde_json::json;
use switchtower::Price;
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Prices, Provider, Rate};

use crate::support::*;

const DRAWS: u32 = 1_000_000;

/// The worked example: A $1, B $2 and out, C $3. P(A) = 0.9, P(C) = 0.1, and then A ▸ C ▸ B.
#[test]
fn one_is_out() {
    let world = World::new(&[("a/x", &[("a", "1"), ("b", "2"), ("c", "3")])]);
    world.fail("a/x@b");
    let shares = world.shares(DRAWS);
    near(shares["a/x@a a/x@c a/x@b"], 0.9, DRAWS);
    near(shares["a/x@c a/x@a a/x@b"], 0.1, DRAWS);
    assert_eq!(shares.len(), 2);
}

/// The same with B healthy again: 36/49, 9/49 and 4/49.
#[test]
fn all_are_healthy() {
    let world = World::new(&[("a/x", &[("c", "3"), ("a", "1"), ("b", "2")])]);
    let shares = world.shares(DRAWS);
    near(shares["a/x@a a/x@b a/x@c"], 36.0 / 49.0, DRAWS);
    near(shares["a/x@b a/x@a a/x@c"], 9.0 / 49.0, DRAWS);
    near(shares["a/x@c a/x@a a/x@b"], 4.0 / 49.0, DRAWS);
    assert_eq!(shares.len(), 3);
}

#[test]
fn the_balance_price_is_three_parts_prompt_and_one_completion() {
    // (3 · 0.5 + 2.5) / 4 = 1, and (3 · 1 + 5) / 4 = 2.
    let offer = |slug: &str, prompt, completion| {
        EndpointSpec::new(slug, "x").with_prices(
            Prices::unknown()
                .with(Rate::Prompt, per_million(prompt))
                .with(Rate::Completion, per_million(completion)),
        )
    };
    let catalog = Catalog::builder()
        .provider(Provider::new("a", "http://a.test/v1".parse().unwrap()))
        .provider(Provider::new("b", "http://b.test/v1".parse().unwrap()))
        .model(
            ModelSpec::new("a/x")
                .endpoint(offer("b", "1", "5"))
                .endpoint(offer("a", "0.5", "2.5")),
        );
    let world = World::of(catalog.build().unwrap());
    near(world.shares(20_000)["a/x@a a/x@b"], 0.8, 20_000);
}

#[test]
fn free_ones_share_evenly_and_come_first() {
    let world = World::new(&[(
        "a/x",
        &[("dear", "1"), ("f1", "0"), ("f2", "0"), ("f3", "0")],
    )]);
    let mut first = BTreeMap::new();
    for (order, share) in world.shares(20_000) {
        let order: Vec<_> = order.split(' ').map(str::to_owned).collect();
        assert_eq!(order[3], "a/x@dear");
        *first.entry(order[0].clone()).or_insert(0.0) += share;
    }
    assert_eq!(first.len(), 3);
    for share in first.into_values() {
        near(share, 1.0 / 3.0, 20_000);
    }
}

#[test]
fn unknown_is_not_free() {
    let world = World::new(&[("a/x", &[("secret", "?"), ("dear", "1000"), ("free", "0")])]);
    let shares = world.shares(200);
    assert_eq!(shares["a/x@free a/x@dear a/x@secret"], 1.0);

    // A price is known only if both of its parts are.
    let half = Prices::unknown().with(Rate::Prompt, Price::ZERO);
    let catalog = Catalog::builder()
        .provider(Provider::new("a", "http://a.test/v1".parse().unwrap()))
        .provider(Provider::new("b", "http://b.test/v1".parse().unwrap()))
        .model(
            ModelSpec::new("a/x")
                .endpoint(EndpointSpec::new("a", "x").with_prices(half))
                .endpoint(EndpointSpec::new("b", "x").with_prices(flat("1000"))),
        );
    let world = World::of(catalog.build().unwrap());
    assert_eq!(world.shares(200)["a/x@b a/x@a"], 1.0);
}

/// Where no price is known, as of servers of one's own, the first in the file got every request.
#[test]
fn load_is_balanced_without_prices() {
    let world = World::new(&[("a/x", &[("a", "?"), ("b", "?"), ("c", "?")])]);
    world.fail("a/x@c");
    let shares = world.shares(20_000);
    near(shares["a/x@a a/x@b a/x@c"], 0.5, 20_000);
    near(shares["a/x@b a/x@a a/x@c"], 0.5, 20_000);
}

#[test]
fn prices_at_the_edge_do_not_break_the_draw() {
    let world = World::new(&[("a/x", &[("a", "0.000000001"), ("b", "18000000000")])]);
    assert_eq!(world.shares(500)["a/x@a a/x@b"], 1.0);
    let same = World::new(&[("a/x", &[("a", "18000000000"), ("b", "18000000000")])]);
    near(same.shares(20_000)["a/x@a a/x@b"], 0.5, 20_000);
}

/// Its tokens cost nothing, so it got every request, at a dollar each.
#[test]
fn who_asks_for_a_fee_is_not_free() {
    let fee = flat("0").with(Rate::Request, "0.001".parse().unwrap());
    let world = World::serving([
        EndpointSpec::new("a", "x").with_prices(fee),
        at("b", "2"),
        at("c", "0"),
    ]);
    // 100 and 400 tokens: two millionths of a dollar each is what the fee comes to.
    let body = |wanted| json!({"model": "a/x", "prompt": "x".repeat(398), "provider": wanted});
    let firsts = world.firsts(&body(json!({"ignore": ["c"]})), 20_000);
    near(firsts["a/x@a"], 0.5, 20_000);
    assert_eq!(world.firsts(&body(json!({})), 100)["a/x@c"], 1.0);
    // The longer the request, the less does a fee matter.
    let long = json!({"model": "a/x", "prompt": "x".repeat(40_000), "provider": {"sort": "price"}});
    assert_eq!(world.order(long), ["c", "a", "b"]);
    let short = json!({"model": "a/x", "prompt": "x", "provider": {"sort": "price"}});
    assert_eq!(world.order(short), ["c", "b", "a"]);
}
