//! What nobody sends but who means harm, and moments that never come.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use switchtower::catalog::{EndpointSpec, Override, Rate, Strategy};
use switchtower::choose::Ask;
use switchtower::{Filter, Kind};

use crate::support::*;

/// Numbers that overflow, seeds at the end, clocks before they begin, prices that are not known.
#[test]
fn no_strategy_minds_the_end_of_a_scale() {
    let dearest = flat("18000000000").with(Rate::Request, "18000".parse().unwrap());
    for strategy in Strategy::ALL {
        let endpoints = || {
            [
                at("a", "?"),
                EndpointSpec::new("b", "x").with_prices(dearest.clone()),
                at("c", "0"),
            ]
        };
        let world = World::having([served("a/x", endpoints()).with_strategy(strategy)]);
        world.standing("a/x@a").began(u64::MAX);
        world.standing("a/x@b").began(u64::MAX);
        let body =
            json!({"model": "a/x", "max_tokens": u64::MAX, "n": 128, "prompt": "x".repeat(1_000)});
        let payload = payload(&body);
        for seed in [0, 1, u64::MAX - 1, u64::MAX] {
            let now = world.start.checked_sub(Duration::from_secs(3_600)).unwrap();
            let ask = Ask::new(&payload, seed, now).wall(UNIX_EPOCH - Duration::from_secs(1));
            let plan = world.ask(&ask).unwrap();
            assert_eq!(plan.candidates.len(), 3, "{strategy:?}");
            // What costs more than can be told is still cheaper than what nobody knows.
            if matches!(strategy, Strategy::Balanced | Strategy::ExpectedCost) {
                assert_eq!(keys(&plan), ["a/x@c", "a/x@b", "a/x@a"], "{strategy:?}");
            }
        }
    }
}

#[test]
fn one_endpoint_is_the_plan_whatever_is_asked() {
    for strategy in Strategy::ALL {
        let world = World::having([served("a/x", [at("a", "?")]).with_strategy(strategy)]);
        for wanted in [
            json!({}),
            json!({"sort": "throughput"}),
            json!({"sort": {"by": "exacto", "partition": "none"}}),
            json!({"preferred_max_latency": 0, "preferred_min_throughput": 1e9}),
            json!({"order": ["nobody", "a", "a"]}),
            json!({"allow_fallbacks": false}),
        ] {
            for seed in 0..40 {
                let body = json!({"model": "a/x", "tools": [{}], "provider": wanted});
                let plan = world.draw(&body, seed).unwrap();
                assert_eq!(keys(&plan), ["a/x@a"], "{strategy:?} {wanted}");
            }
        }
    }
}

#[test]
fn a_name_that_is_given_twice_is_given_once() {
    let world = World::serving([at("a", "3"), at("b", "2"), at("c", "1")]);
    let twice =
        json!({"order": ["b", "b", "a", "b"], "only": ["a", "b", "a"], "ignore": ["c", "c"]});
    assert_eq!(world.order(provider(twice)), ["b", "a"]);
}

#[test]
fn lists_are_bounded() {
    let world = World::serving([at("a", "1")]);
    let names = |count: usize| -> Vec<String> {
        let names = (1..count).map(|n| format!("nobody-{n}"));
        names.chain(["a".to_owned()]).collect()
    };
    for list in ["order", "only", "ignore"] {
        let ask = |count| world.plan(provider(json!({list: names(count)})));
        match list {
            "ignore" => assert_eq!(ask(256).unwrap_err().kind(), Kind::NoEndpoints),
            _ => assert!(ask(256).is_ok()),
        }
        assert_eq!(ask(257).unwrap_err().kind(), Kind::Invalid);
    }
}

/// It is cheap from ten at night to six in the morning.
#[test]
fn max_price_goes_by_the_hour_also_over_midnight() {
    let night = Override::new()
        .during("22:00-06:00".parse().unwrap())
        .with(Rate::Prompt, per_million("1"));
    let world =
        World::serving([EndpointSpec::new("a", "x").with_prices(flat("2").with_override(night))]);
    let payload = payload(&provider(json!({"max_price": {"prompt": 1}})));
    let may = |minutes: u64| {
        let wall = UNIX_EPOCH + Duration::from_secs(minutes * 60);
        world
            .ask(&Ask::new(&payload, 1, world.start).wall(wall))
            .is_ok()
    };
    let (late, early) = (22 * 60, 6 * 60);
    assert_eq!(
        [may(late - 1), may(late), may(24 * 60 - 1)],
        [false, true, true]
    );
    assert_eq!(
        [may(24 * 60), may(24 * 60 + early - 1), may(24 * 60 + early)],
        [true, true, false]
    );
}

/// Whose key it is says nothing of what its provider keeps.
#[test]
fn a_key_of_ones_own_passes_no_filter() {
    let world = World::serving([
        at("a", "1").with_own_key(true),
        at("b", "9").with_zdr(true).with_data_collection(false),
    ]);
    let cases: [(Value, Filter); 4] = [
        (json!({"zdr": true}), Filter::Zdr),
        (json!({"data_collection": "deny"}), Filter::DataCollection),
        (json!({"ignore": ["a"]}), Filter::Ignore),
        (json!({"only": ["b"]}), Filter::Only),
    ];
    for (wanted, filter) in cases {
        let plan = world.plan(provider(wanted)).unwrap();
        assert_eq!(keys(&plan), ["a/x@b"]);
        assert_eq!(rejected(&plan)["a"], filter);
    }
}
