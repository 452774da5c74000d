//! Who may answer?

use std::collections::BTreeSet;

use serde_json::json;
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Prices, Provider, Rate};
use switchtower::{Filter, Kind};

use crate::support::*;

#[test]
fn only_and_ignore_take_slugs_tags_and_display_names() {
    let world = World::new(&[(
        "a/x",
        &[
            ("one", "1"),
            ("one/fp8", "1"),
            ("two", "1"),
            ("two/fp8", "1"),
        ],
    )]);
    for (names, kept) in [
        // A provider's slug means all its endpoints; a tag, exactly one.
        (json!(["one"]), vec!["one", "one/fp8"]),
        (json!(["one/fp8"]), vec!["one/fp8"]),
        (json!(["Provider TWO"]), vec!["two", "two/fp8"]),
        (json!(["two/fp8", "one"]), vec!["one", "one/fp8", "two/fp8"]),
        (json!(["two", "nobody"]), vec!["two", "two/fp8"]),
    ] {
        let only = world.plan(provider(json!({"only": names}))).unwrap();
        assert_eq!(tags(&only), kept.iter().copied().collect());
        assert!(only.rejected.iter().all(|r| r.filter == Filter::Only));
        assert_eq!(only.candidates.len() + only.rejected.len(), 4);

        let ignored = world.plan(provider(json!({"ignore": names}))).unwrap();
        let all = BTreeSet::from(["one", "one/fp8", "two", "two/fp8"]);
        assert_eq!(tags(&ignored), &all - &kept.iter().copied().collect());
        assert!(ignored.rejected.iter().all(|r| r.filter == Filter::Ignore));
    }
    // Slugs are spelled as they are; only display names forgive their case.
    assert!(world.plan(provider(json!({"only": ["ONE"]}))).is_err());
    // Empty and null lists wish for nothing.
    let nothing = provider(json!({"only": [], "ignore": null, "order": []}));
    assert_eq!(world.plan(nothing).unwrap().candidates.len(), 4);
}

#[test]
fn max_price_is_inclusive_and_knows_what_it_does_not_know() {
    let world = World::new(&[(
        "a/x",
        &[
            ("cheap", "1"),
            ("dear", "2"),
            ("secret", "?"),
            ("free", "0"),
        ],
    )]);
    for max in [json!(1), json!(1.0), json!("1"), json!("1.00")] {
        for field in ["prompt", "completion"] {
            let plan = world
                .plan(provider(json!({"max_price": {field: max}})))
                .unwrap();
            assert_eq!(tags(&plan), BTreeSet::from(["cheap", "free"]), "{max}");
            assert!(plan.rejected.iter().all(|r| r.filter == Filter::MaxPrice));
        }
    }
    let zero = world
        .plan(provider(json!({"max_price": {"prompt": 0}})))
        .unwrap();
    assert_eq!(tags(&zero), BTreeSet::from(["free"]));
    // A price that is not known is within no limit, even one that all known prices are within.
    let request = world
        .plan(provider(json!({"max_price": {"request": "100"}})))
        .unwrap();
    assert_eq!(tags(&request), BTreeSet::from(["cheap", "dear", "free"]));
    let nothing = world
        .plan(provider(json!({"max_price": {"prompt": null}})))
        .unwrap();
    assert_eq!(nothing.candidates.len(), 4);

    for bad in ["-1", "a lot", ""] {
        let error = world
            .plan(provider(json!({"max_price": {"prompt": bad}})))
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{bad}");
    }
}

#[test]
fn max_price_counts_the_fee_of_a_request() {
    let fee = Prices::unknown()
        .with(Rate::Prompt, per_million("1"))
        .with(Rate::Completion, per_million("1"))
        .with(Rate::Request, "0.01".parse().unwrap());
    let catalog = Catalog::builder()
        .provider(Provider::new("one", "http://one.test/v1".parse().unwrap()))
        .model(ModelSpec::new("a/x").endpoint(EndpointSpec::new("one", "x").with_prices(fee)));
    let world = World::of(catalog.build().unwrap());
    let at = |max: &str| world.plan(provider(json!({"max_price": {"request": max}})));
    assert!(at("0.01").is_ok());
    assert_eq!(at("0.0099").unwrap_err().kind(), Kind::NoEndpoints);
}

#[test]
fn a_refusal_says_which_preference_removed_how_many() {
    let world = World::new(&[(
        "a/x",
        &[("one", "9"), ("two", "9"), ("three", "1"), ("four", "1")],
    )]);
    let error = world
        .plan(provider(json!({
            "only": ["one", "two", "three"], "ignore": ["three"], "max_price": {"prompt": 5},
        })))
        .unwrap_err();
    assert_eq!(error.kind(), Kind::NoEndpoints);
    assert_eq!(error.status(), 404);
    assert_eq!(
        error.message(),
        "no endpoints found for `a/x`: `provider.only` removed 1, `provider.ignore` removed 1, \
         `provider.max_price` removed 2"
    );
}

/// With `models` alone the refusal said that nothing was found for a model without a name.
#[test]
fn a_refusal_names_the_models_that_were_asked_for() {
    let world = World::new(&[("a/x", &[("one", "9")]), ("a/y", &[("one", "9")])]);
    let error = world
        .plan(json!({"models": ["a/x", "a/y"], "provider": {"ignore": ["one"]}}))
        .unwrap_err();
    assert_eq!(
        error.message(),
        "no endpoints found for `a/x`, `a/y`: `provider.ignore` removed 2"
    );
}

#[test]
fn preferences_hold_for_every_model() {
    let world = World::new(&[
        ("a/x", &[("one", "1"), ("two", "2"), ("three", "3")]),
        ("a/y", &[("one", "3"), ("two", "2"), ("three", "1")]),
    ]);
    let plan = world
        .plan(json!({
            "model": "a/x", "models": ["a/y"],
            "provider": {"ignore": ["three"], "order": ["two"], "allow_fallbacks": false},
        }))
        .unwrap();
    assert_eq!(keys(&plan), ["a/x@two", "a/y@two"]);
    let fallbacks = plan
        .rejected
        .iter()
        .filter(|r| r.filter == Filter::AllowFallbacks);
    assert_eq!(fallbacks.count(), 2);
}

/// The first endpoint of the file was of a tier, and so the caller was sent to a field that it had not set.
#[test]
fn a_refusal_points_to_the_field_that_removed_most() {
    let world = World::serving([at("a/priority", "1"), at("a", "9"), at("b", "9")]);
    let param = |wanted| {
        world
            .plan(provider(wanted))
            .unwrap_err()
            .param()
            .map(str::to_owned)
    };
    let dear = json!({"max_price": {"prompt": 5}});
    assert_eq!(param(dear).as_deref(), Some("provider.max_price"));
    let both = json!({"max_price": {"prompt": 5}, "ignore": ["a"]});
    assert_eq!(param(both).as_deref(), Some("provider.ignore"));
    let one = World::serving([at("a/priority", "1")]);
    let error = one.plan(json!({"model": "a/x"})).unwrap_err();
    assert_eq!(error.param(), Some("service_tier"));
}
