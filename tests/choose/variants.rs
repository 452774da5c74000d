//! What the name of a model may say beyond the model.

use serde_json::json;
use switchtower::catalog::{EndpointSpec, ModelSpec};
use switchtower::{Kind, Reason, Routing};

use crate::support::*;

/// The dear one is fast, the cheap one slow.
fn measured() -> World {
    let world = World::serving([
        at("a", "1"),
        at("b", "2"),
        at("b/priority", "9"),
        at("c/flex", "0.5"),
    ]);
    for (tag, throughput) in [("a", 10), ("b", 50), ("b/priority", 90), ("c/flex", 5)] {
        world.measure(&format!("a/x@{tag}"), 100, throughput);
    }
    world
}

#[test]
fn nitro_is_by_throughput_and_lets_priority_in() {
    let order = measured().order(json!({"model": "a/x:nitro"}));
    assert_eq!(order, ["b/priority", "b", "a"]);
}

#[test]
fn floor_is_by_price_and_lets_flex_in() {
    let plan = measured().plan(json!({"model": "a/x:floor"})).unwrap();
    assert_eq!(keys(&plan), ["a/x@c/flex", "a/x@a", "a/x@b"]);
    assert_eq!(reasons(&plan), [Reason::Price; 3]);
}

#[test]
fn a_sort_alone_lets_no_tier_in_and_wins_over_a_variant() {
    let world = measured();
    let wish = |model: &str, wanted| json!({"model": model, "provider": wanted});
    assert_eq!(
        world.order(wish("a/x", json!({"sort": "throughput"}))),
        ["b", "a"]
    );
    let both = wish("a/x:nitro", json!({"sort": "price"}));
    assert_eq!(world.order(both), ["a", "b", "b/priority"]);
    let exacto = wish("a/x:exacto", json!({"sort": "throughput"}));
    assert_eq!(world.order(exacto), ["b", "a"]);
}

#[test]
fn an_order_or_the_default_tier_keeps_tiers_out() {
    let world = measured();
    let ordered = json!({"model": "a/x:nitro", "provider": {"order": ["a"]}});
    assert_eq!(world.order(ordered), ["a", "b"]);
    let default = json!({"model": "a/x:nitro", "service_tier": "default"});
    assert_eq!(world.order(default), ["b", "a"]);
}

#[test]
fn the_last_variant_that_orders_holds() {
    let world = measured();
    assert_eq!(
        world.order(json!({"model": "a/x:nitro:floor"})),
        ["c/flex", "a", "b"]
    );
    assert_eq!(
        world.order(json!({"model": "a/x:floor:nitro"})),
        ["b/priority", "b", "a"]
    );
    let online = world.order(json!({"model": "a/x:nitro:online"}));
    assert_eq!(online, ["b/priority", "b", "a"]);
}

#[test]
fn static_variants_are_entries_of_their_own() {
    let world = World::having([
        served("a/x", [at("a", "1")]).with_alias("x"),
        served("a/x:free", [at("b", "0")]),
        served("a/x:free:thinking", [at("c", "0")]),
        served("llama:8b", [at("d", "0")]),
    ]);
    for (name, key, routing) in [
        ("a/x:free", "a/x:free@b", Routing::Direct),
        ("a/x:free:online", "a/x:free@b", Routing::Direct),
        ("a/x:online:free", "a/x:free@b", Routing::Direct),
        (
            "a/x:free:nitro:thinking",
            "a/x:free:thinking@c",
            Routing::Direct,
        ),
        ("x:free", "a/x:free@b", Routing::Alias),
        ("x:free:floor", "a/x:free@b", Routing::Alias),
        ("x:floor", "a/x@a", Routing::Alias),
        ("llama:8b", "llama:8b@d", Routing::Direct),
        ("llama:8b:nitro", "llama:8b@d", Routing::Direct),
    ] {
        let plan = world.plan(json!({"model": name})).unwrap();
        assert_eq!((keys(&plan), plan.routing), (vec![key], routing), "{name}");
        assert_eq!(&*plan.requested, name);
    }
    let error = world
        .plan(json!({"model": "a/x:extended:nitro"}))
        .unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownModel);
    let expected = "is not a valid model ID, since there is no `:extended` of that model";
    assert!(error.message().contains(expected), "{error}");
    for unknown in [
        "a/x:nosuch",
        "a/x:",
        ":nitro",
        "a/x::nitro",
        "a/x@preset/mine",
    ] {
        assert!(world.plan(json!({"model": unknown})).is_err(), "{unknown}");
    }
}

#[test]
fn each_model_has_its_own_variant_and_the_first_name_of_a_model_holds() {
    let cheap_is_slow = |id| {
        let model = served(id, [at("a", "1"), at("b", "2")]);
        (model, [format!("{id}@a"), format!("{id}@b")])
    };
    let (x, of_x) = cheap_is_slow("a/x");
    let (y, of_y) = cheap_is_slow("a/y");
    let world = World::having([x, y]);
    for keys in [of_x, of_y] {
        world.measure(&keys[0], 100, 10);
        world.measure(&keys[1], 100, 20);
    }
    let body = json!({"model": "a/x:nitro", "models": ["a/y:floor", "a/x:floor"]});
    assert_eq!(world.order(body), ["b", "a", "a/y@a", "a/y@b"]);
}

#[test]
fn other_names_of_a_model() {
    let model = |id: &str, created| {
        ModelSpec::new(id)
            .with_created(created)
            .endpoint(EndpointSpec::new("a", "upstream"))
    };
    let world = World::having([
        model("acme/swift-1", 1).with_canonical_slug("acme/swift-1-2025-01-01"),
        model("acme/swift-2", 2).with_alias("swift"),
        model("acme/swift-3", 3).hidden(),
        model("acme/swift-1:free", 1).with_canonical_slug("acme/swift-1-2025-01-01"),
    ]);
    for (name, id, routing) in [
        ("acme/swift-2", "acme/swift-2", Routing::Direct),
        ("swift", "acme/swift-2", Routing::Alias),
        ("acme/swift-1-2025-01-01", "acme/swift-1", Routing::Alias),
        (
            "acme/swift-1-2025-01-01:nitro",
            "acme/swift-1",
            Routing::Alias,
        ),
        ("~acme/swift-latest", "acme/swift-2", Routing::Latest),
        ("~acme/swift-latest:floor", "acme/swift-2", Routing::Latest),
        // A hidden model is there for those who know its name.
        ("acme/swift-3", "acme/swift-3", Routing::Direct),
    ] {
        let plan = world.plan(json!({"model": name})).unwrap();
        let found = plan.candidates[0].model.id();
        assert_eq!((found, plan.routing), (id, routing), "{name}");
    }
    let error = world
        .plan(json!({"model": "~acme/slow-latest"}))
        .unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownModel);
    let several = json!({"model": "acme/swift-1", "models": ["swift"]});
    assert_eq!(world.plan(several).unwrap().routing, Routing::Fallback);
}

#[test]
fn too_many_models_are_refused() {
    let models = (0..70).map(|n| served(&format!("a/{n}"), [at("a", "1")]));
    let world = World::having(models);
    let names = |count| (0..count).map(|n| format!("a/{n}")).collect::<Vec<_>>();
    let plan = world.plan(json!({"models": names(64)})).unwrap();
    assert_eq!(plan.candidates.len(), 64);
    let error = world.plan(json!({"models": names(65)})).unwrap_err();
    assert_eq!(
        (error.kind(), error.param()),
        (Kind::Invalid, Some("models"))
    );
}
