//! Which models does a request name?

use std::sync::Arc;

use serde_json::json;
use switchtower::Kind;

use crate::support::*;

#[test]
fn a_model_is_found_by_its_id_or_an_alias() {
    let world = World::new(&[("a/x", &[("one", "1"), ("two", "2")])]);
    for name in ["a/x", "x-for-short"] {
        let plan = world.plan(json!({"model": name})).unwrap();
        assert_eq!(plan.candidates.len(), 2);
        assert!(plan.candidates.iter().all(|c| c.model.id() == "a/x"));
        assert!(Arc::ptr_eq(&plan.catalog, &world.catalog));
    }
}

#[test]
fn models_come_after_model_each_once() {
    let world = World::new(&[
        ("a/x", &[("one", "1")]),
        ("a/y", &[("two", "1")]),
        ("a/z", &[("one", "1"), ("two", "2")]),
    ]);
    let body = json!({"model": "a/z", "models": ["a/x", "z-for-short", "a/z", "a/y", "a/x"]});
    let plan = world.plan(body).unwrap();
    let mut models: Vec<_> = plan.candidates.iter().map(|c| c.model.id()).collect();
    models.dedup();
    assert_eq!(models, ["a/z", "a/x", "a/y"]);
    assert_eq!(plan.candidates.len(), 4);

    let only_models = world.plan(json!({"models": ["a/y", "a/x"]})).unwrap();
    assert_eq!(only_models.candidates[0].model.id(), "a/y");
}

#[test]
fn an_unknown_model_is_refused_with_the_nearest_names() {
    let world = World::new(&[("acme/swift-2", &[("one", "1")])]);
    let error = world.plan(json!({"model": "acme/swift"})).unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownModel);
    assert_eq!(error.status(), 400);
    assert_eq!(error.param(), Some("model"));
    assert!(
        error
            .message()
            .starts_with("`acme/swift` is not a valid model ID"),
        "{error}"
    );
    assert!(error.message().contains("`acme/swift-2`"), "{error}");

    let far = world.plan(json!({"model": "qwerty"})).unwrap_err();
    assert_eq!(far.message(), "`qwerty` is not a valid model ID");
    // A name as long as a book is not repeated to whoever sent it.
    let long = world
        .plan(json!({"model": "q".repeat(10_000)}))
        .unwrap_err();
    assert!(long.message().len() < 300, "{}", long.message().len());
}

/// The name stood in `models`, but the refusal sent its reader to `model`.
#[test]
fn an_unknown_model_is_blamed_on_the_field_it_stands_in() {
    let world = World::new(&[("a/x", &[("one", "1")])]);
    let error = world
        .plan(json!({"model": "a/x", "models": ["a/nowhere"]}))
        .unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownModel);
    assert_eq!(error.param(), Some("models"));
}

#[test]
fn no_model_at_all_is_refused() {
    let world = World::new(&[("a/x", &[("one", "1")])]);
    for body in [json!({}), json!({"models": []})] {
        let error = world.plan(body).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert_eq!(error.param(), Some("model"));
    }
}

#[test]
fn what_would_change_the_answer_but_is_not_served_is_refused() {
    let world = World::new(&[("a/x", &[("one", "1")])]);
    for (field, value) in [
        ("plugins", json!([{"id": "web"}])),
        ("preset", json!("mine")),
        ("transforms", json!(["middle-out"])),
    ] {
        let error = world
            .plan(json!({"model": "a/x", field: value}))
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{field}");
        assert_eq!(error.param(), Some(field));
    }
    for (field, value) in [("plugins", json!([])), ("transforms", json!(null))] {
        assert!(
            world.plan(json!({"model": "a/x", field: value})).is_ok(),
            "{field}"
        );
    }
}

/// A tenth of a megabyte of suffixes that mean nothing went into the record of the request.
#[test]
fn a_name_is_no_longer_than_names_are() {
    let world = World::new(&[("a/x", &[("one", "1")])]);
    let named = |times| json!({"model": format!("a/x{}", ":online".repeat(times))});
    assert_eq!(world.plan(named(72)).unwrap().requested.len(), 507);
    let error = world.plan(named(20_000)).unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownModel);
    assert!(error.message().len() < 300, "{error}");
}

/// Who did not know its name was told.
#[test]
fn a_hidden_model_is_not_proposed() {
    let world = World::having([
        served("acme/secret-1", [at("a", "1")])
            .hidden()
            .with_alias("secret"),
        served("acme/second-1", [at("a", "1")]),
    ]);
    for name in ["acme/secret-2", "secre"] {
        let error = world.plan(json!({"model": name})).unwrap_err();
        assert!(!error.message().contains("`acme/secret-1`"), "{error}");
        assert!(!error.message().contains("`secret`"), "{error}");
    }
    for name in ["acme/secret-1", "secret", "secret:nitro"] {
        assert!(world.plan(json!({"model": name})).is_ok(), "{name}");
    }
}

#[test]
fn models_that_are_null_are_none() {
    let world = World::new(&[("a/x", &[("one", "1")])]);
    let plan = world.plan(json!({"model": "a/x", "models": null}));
    assert_eq!(keys(&plan.unwrap()), ["a/x@one"]);
    let error = world.plan(json!({"models": null})).unwrap_err();
    assert_eq!(error.param(), Some("model"));
}
