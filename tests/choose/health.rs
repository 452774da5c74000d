//! How it has been doing of late.

use std::time::Duration;

use serde_json::json;
use switchtower::Reason;
use switchtower::choose::Ask;

use crate::support::*;

/// So many successes and failures.
fn done(world: &World, tag: &str, good: u32, bad: u32) {
    let standing = world.standing(&format!("a/x@{tag}"));
    (0..bad).for_each(|_| standing.failed(world.start));
    (0..good).for_each(|_| standing.succeeded(world.start, None, None));
}

/// A minute later nobody is out, but what happened is remembered.
fn later(world: &World, body: &serde_json::Value, seed: u64) -> Vec<(String, Reason)> {
    let payload = payload(body);
    let now = world.start + Duration::from_secs(60);
    let plan = world.ask(&Ask::new(&payload, seed, now)).unwrap();
    let candidates = plan.candidates.iter();
    candidates
        .map(|c| (c.endpoint.tag().to_owned(), c.reason))
        .collect()
}

#[test]
fn the_degraded_come_after_the_normal_and_before_those_that_are_down() {
    let world = World::serving([at("a", "1"), at("b", "2"), at("c", "3"), at("d", "4")]);
    done(&world, "a", 70, 30);
    done(&world, "b", 90, 10);
    done(&world, "c", 95, 5);
    for seed in 0..50 {
        for body in [json!({"model": "a/x"}), provider(json!({"sort": "price"}))] {
            let order = later(&world, &body, seed);
            let tags: Vec<_> = order.iter().map(|(tag, _)| &**tag).collect();
            assert!(
                tags == ["c", "d", "b", "a"] || tags == ["d", "c", "b", "a"],
                "{tags:?}"
            );
            assert_eq!((order[2].1, order[3].1), (Reason::Degraded, Reason::Down));
        }
    }
    let ordered = later(&world, &provider(json!({"order": ["a", "d"]})), 1);
    assert_eq!(ordered[0], ("a".to_owned(), Reason::Ordered));
}

#[test]
fn an_outage_comes_last_whatever_came_before() {
    let world = World::serving([at("a", "1"), at("b", "2"), at("c", "3")]);
    done(&world, "a", 10, 90);
    let now = world.start + Duration::from_secs(60);
    world.standing("a/x@b").failed(now);
    let order = later(&world, &provider(json!({"sort": "price"})), 1);
    let tags: Vec<_> = order.iter().map(|(tag, _)| &**tag).collect();
    assert_eq!(tags, ["c", "a", "b"]);
    assert_eq!(order[2].1, Reason::Unsteady);
}

#[test]
fn a_hundred_requests_are_needed_to_tell() {
    let world = World::serving([at("a", "1"), at("b", "2")]);
    done(&world, "a", 0, 99);
    let order = later(&world, &provider(json!({"sort": "price"})), 1);
    assert_eq!(order[0].0, "a");
    done(&world, "a", 0, 1);
    let order = later(&world, &provider(json!({"sort": "price"})), 1);
    assert_eq!(order[0].0, "b");
}

#[test]
fn the_degraded_share_where_nobody_does_better() {
    let world = World::serving([at("a", "1"), at("b", "1")]);
    done(&world, "a", 90, 10);
    done(&world, "b", 90, 10);
    let firsts = (0..200).map(|seed| later(&world, &json!({"model": "a/x"}), seed)[0].0.clone());
    let a = firsts.filter(|first| first == "a").count();
    assert!((50..150).contains(&a), "{a}");
}
