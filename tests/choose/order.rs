//! In what order, where nothing is drawn?

use std::time::Duration;

use serde_json::{Value, json};
use switchtower::choose::Ask;
use switchtower::{Kind, Reason};

use crate::support::*;

#[test]
fn order_comes_first_then_the_others_by_price() {
    let world = World::new(&[(
        "a/x",
        &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "?")],
    )]);
    for seed in 0..50 {
        let wish = provider(json!({"order": ["d", "nobody", "b"], "sort": "price"}));
        let plan = world.draw(&wish, seed).unwrap();
        assert_eq!(keys(&plan), ["a/x@d", "a/x@b", "a/x@a", "a/x@c", "a/x@e"]);
        let reasons: Vec<_> = plan.candidates.iter().map(|c| c.reason).collect();
        use Reason::{Ordered, Price};
        assert_eq!(reasons, [Ordered, Ordered, Price, Price, Price]);
    }
}

#[test]
fn order_by_a_slug_puts_its_endpoints_by_price_and_a_tag_before_it_first() {
    let world = World::new(&[("a/x", &[("b", "3"), ("b/fp8", "1"), ("a", "2")])]);
    let order = |names: Value| {
        let plan = world.plan(provider(json!({"order": names}))).unwrap();
        keys(&plan).join(" ")
    };
    assert_eq!(order(json!(["b"])), "a/x@b/fp8 a/x@b a/x@a");
    assert_eq!(order(json!(["provider b"])), "a/x@b/fp8 a/x@b a/x@a");
    assert_eq!(order(json!(["a", "b"])), "a/x@a a/x@b/fp8 a/x@b");
    assert_eq!(order(json!(["b/fp8", "a"])), "a/x@b/fp8 a/x@a a/x@b");
}

#[test]
fn sort_by_price_draws_nothing() {
    let world = World::new(&[(
        "a/x",
        &[
            ("dear", "9"),
            ("secret", "?"),
            ("cheap", "1"),
            ("free", "0"),
        ],
    )]);
    for seed in 0..50 {
        let plan = world
            .draw(&provider(json!({"sort": "price"})), seed)
            .unwrap();
        assert_eq!(
            keys(&plan),
            ["a/x@free", "a/x@cheap", "a/x@dear", "a/x@secret"]
        );
        assert!(plan.candidates.iter().all(|c| c.reason == Reason::Price));
    }
}

#[test]
fn without_fallbacks_only_the_order_or_the_first_is_left() {
    let world = World::new(&[("a/x", &[("a", "1"), ("b", "2"), ("c", "3")])]);
    let order = json!({"order": ["c", "b"], "allow_fallbacks": false});
    assert_eq!(
        keys(&world.plan(provider(order)).unwrap()),
        ["a/x@c", "a/x@b"]
    );

    let sorted = json!({"sort": "price", "allow_fallbacks": false});
    assert_eq!(keys(&world.plan(provider(sorted)).unwrap()), ["a/x@a"]);

    let nobody = json!({"order": ["nobody"], "allow_fallbacks": false});
    let error = world.plan(provider(nobody)).unwrap_err();
    assert_eq!(error.kind(), Kind::NoEndpoints);
    assert!(
        error
            .message()
            .ends_with("`provider.allow_fallbacks` removed 3"),
        "{error}"
    );
}

#[test]
fn a_single_candidate_is_the_plan() {
    for price in ["1", "0", "?"] {
        let world = World::new(&[("a/x", &[("one", price)])]);
        assert_eq!(
            keys(&world.plan(json!({"model": "a/x"})).unwrap()),
            ["a/x@one"]
        );
        world.fail("a/x@one");
        assert_eq!(
            keys(&world.plan(json!({"model": "a/x"})).unwrap()),
            ["a/x@one"]
        );
    }
}

#[test]
fn what_failed_recently_comes_last_and_comes_back() {
    let world = World::new(&[("a/x", &[("a", "1"), ("b", "2"), ("c", "3")])]);
    world.fail("a/x@a");
    for seed in 0..50 {
        let plan = world.draw(&json!({"model": "a/x"}), seed).unwrap();
        assert_eq!(plan.candidates[2].endpoint.tag(), "a");
        assert_eq!(plan.candidates[2].reason, Reason::Unsteady);
        let sorted = world
            .draw(&provider(json!({"sort": "price"})), seed)
            .unwrap();
        assert_eq!(keys(&sorted), ["a/x@b", "a/x@c", "a/x@a"]);
    }
    // Who names it gets it.
    let ordered = world.plan(provider(json!({"order": ["a"]}))).unwrap();
    assert_eq!(ordered.candidates[0].endpoint.tag(), "a");

    let later = world.start + Duration::from_secs(31);
    let payload = payload(&provider(json!({"sort": "price"})));
    let plan = world.ask(&Ask::new(&payload, 1, later)).unwrap();
    assert_eq!(keys(&plan), ["a/x@a", "a/x@b", "a/x@c"]);
}

#[test]
fn all_unsteady_is_by_price() {
    let world = World::new(&[("a/x", &[("b", "2"), ("a", "1"), ("c", "?")])]);
    for tag in ["a", "b", "c"] {
        world.fail(&format!("a/x@{tag}"));
    }
    let plan = world.plan(json!({"model": "a/x"})).unwrap();
    assert_eq!(keys(&plan), ["a/x@a", "a/x@b", "a/x@c"]);
}
