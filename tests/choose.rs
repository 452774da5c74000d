//! Who can answer, and in what order: the pure planner, by its results.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Request};
use proptest::prelude::*;
use serde_json::{Value, json};
use switchtower::catalog::{Catalog, Endpoint, EndpointSpec, ModelSpec, Prices, Provider, Rate};
use switchtower::choose::{ChooseLayer, plan};
use switchtower::standing::Roster;
use switchtower::{Call, Error, Filter, Kind, Payload, Plan, Price, Reason};
use tower::{Layer, Service, ServiceExt, service_fn};

// === Which models ===

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

// === Filters ===

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

// === Order ===

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
    let plan = plan(&payload, &world.roster.lineup(), 1, later).unwrap();
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

// === The draw ===

/// The worked example: A $1, B $2 and out, C $3. P(A) = 0.9, P(C) = 0.1, and then A ▸ C ▸ B.
#[test]
fn one_is_out() {
    let world = World::new(&[("a/x", &[("a", "1"), ("b", "2"), ("c", "3")])]);
    world.fail("a/x@b");
    let shares = world.shares(100_000);
    near(shares["a/x@a a/x@c a/x@b"], 0.9, 100_000);
    near(shares["a/x@c a/x@a a/x@b"], 0.1, 100_000);
    assert_eq!(shares.len(), 2);
}

/// The same with B healthy again: 36/49, 9/49 and 4/49.
#[test]
fn all_are_healthy() {
    let world = World::new(&[("a/x", &[("c", "3"), ("a", "1"), ("b", "2")])]);
    let shares = world.shares(100_000);
    near(shares["a/x@a a/x@b a/x@c"], 36.0 / 49.0, 100_000);
    near(shares["a/x@b a/x@a a/x@c"], 9.0 / 49.0, 100_000);
    near(shares["a/x@c a/x@a a/x@b"], 4.0 / 49.0, 100_000);
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

// === The layer ===

#[tokio::test(start_paused = true)]
async fn the_call_carries_the_plan_and_the_callers_headers() {
    let world = World::new(&[("a/x", &[("one", "1")])]);
    let service = ChooseLayer::new(world.catalog.clone()).layer(service_fn(look));
    let mut request = Request::new(payload(&json!({"model": "a/x"})));
    request
        .headers_mut()
        .insert("x-title", "mine".parse().unwrap());
    let (call, headers) = service.oneshot(request).await.unwrap();
    // From here on the headers are the call's: no retry clones them, no upstream sees them by chance.
    assert!(headers.is_empty());
    assert_eq!(call.headers().unwrap()["x-title"], "mine");
    assert_eq!(call.plan().unwrap().candidates.len(), 1);
    assert_eq!(call.candidate().unwrap().endpoint.tag(), "one");
    assert_eq!(call.others(), 0);
    assert!(call.attempts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_asks_nobody() {
    let world = World::new(&[("a/x", &[("one", "1")])]);
    let service = ChooseLayer::new(world.catalog).layer(service_fn(|_: Request<Payload>| async {
        panic!("nobody is asked");
        #[expect(unreachable_code)]
        Ok::<(), Infallible>(())
    }));
    let request = Request::new(payload(&json!({"model": "nowhere"})));
    let error = service.oneshot(request).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownModel);
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_every_draw_and_clones_draw_from_one_sequence() {
    let world = World::new(&[("a/x", &[("a", "1"), ("b", "1"), ("c", "1")])]);
    let draws = async |seed, clones: bool| {
        let layer = ChooseLayer::new(world.catalog.clone()).seed(seed);
        let service = layer.layer(service_fn(look));
        let mut firsts = Vec::new();
        let mut last = service.clone();
        for _ in 0..64 {
            let mut service = if clones { service.clone() } else { last };
            let request = Request::new(payload(&json!({"model": "a/x"})));
            let (call, _) = service.ready().await.unwrap().call(request).await.unwrap();
            firsts.push(call.candidate().unwrap().endpoint.tag().to_owned());
            last = service;
        }
        firsts
    };
    let first = draws(7, false).await;
    assert_eq!(first, draws(7, false).await);
    assert_eq!(first, draws(7, true).await);
    assert_ne!(first, draws(8_000, false).await);
    let different: BTreeSet<_> = first.iter().collect();
    assert_eq!(different.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_request_teaches_the_next_one_knows() {
    let world = World::new(&[("a/x", &[("a", "1"), ("b", "1")])]);
    let layer = ChooseLayer::new(world.roster.clone());
    let service = layer.layer(service_fn(look));
    let request = || Request::new(payload(&provider(json!({"sort": "price"}))));
    let (call, _) = service.clone().oneshot(request()).await.unwrap();
    let first = call.candidate().unwrap();
    assert_eq!(first.endpoint.tag(), "a");
    first
        .standing
        .failed(tokio::time::Instant::now().into_std());
    let (call, _) = service.oneshot(request()).await.unwrap();
    assert_eq!(call.candidate().unwrap().endpoint.tag(), "b");
}

// === Whatever the catalogue and the request ===

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_plan_is_what_the_filters_leave(case in case(), seed: u64) {
        let world = case.world();
        let body = case.body();
        let asked = case.asked();
        let survivors: BTreeSet<String> = asked
            .iter()
            .flat_map(|model| world.catalog.find(model).unwrap().endpoints())
            .filter(|endpoint| case.survives(endpoint))
            .map(|endpoint| endpoint.key().to_owned())
            .collect();
        let plan = world.draw(&body, seed);
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                prop_assert_eq!(error.kind(), Kind::NoEndpoints);
                let cut_all = !case.allow_fallbacks && !case.order.is_empty()
                    && !survivors.iter().any(|key| case.order.iter().any(|name| names(name, key)));
                prop_assert!(survivors.is_empty() || cut_all, "{}", error);
                return Ok(());
            }
        };
        let planned: Vec<String> = keys(&plan).iter().map(|&key| key.to_owned()).collect();
        let once: BTreeSet<String> = planned.iter().cloned().collect();
        prop_assert_eq!(once.len(), planned.len(), "nobody is asked twice");
        prop_assert!(once.is_subset(&survivors), "nobody who was filtered out is asked");
        if case.allow_fallbacks {
            prop_assert_eq!(&once, &survivors);
        } else if case.order.is_empty() {
            prop_assert_eq!(planned.len(), 1);
        } else {
            let named = |key: &&String| case.order.iter().any(|name| names(name, key));
            prop_assert_eq!(once, survivors.iter().filter(named).cloned().collect());
        }
        // Everything is accounted for, once.
        let all: usize = asked.iter().map(|model| world.catalog.find(model).unwrap().endpoints().len()).sum();
        prop_assert_eq!(plan.candidates.len() + plan.rejected.len(), all);
        // The models stand in the order in which they were named.
        let places: Vec<_> = plan.candidates.iter()
            .map(|c| asked.iter().position(|model| *model == c.model.id()).unwrap())
            .collect();
        prop_assert!(places.is_sorted());
        // Without a wish for an order, the steady come before the unsteady.
        if case.order.is_empty() {
            for of_a_model in plan.candidates.chunk_by(|a, b| a.model.id() == b.model.id()) {
                let out = of_a_model.iter().map(|c| !c.standing.is_steady(world.start));
                prop_assert!(out.is_sorted());
            }
        }
        // The same arguments make the same plan.
        let again = world.draw(&body, seed).unwrap();
        prop_assert_eq!(keys(&again), keys(&plan));
    }
}

/// Endpoints of three models at four providers, and a request for some of them.
#[derive(Clone, Debug)]
struct Case {
    /// Model, tag, price, failed.
    offers: BTreeMap<(u8, &'static str), (&'static str, bool)>,
    models: Vec<u8>,
    order: Vec<&'static str>,
    only: Vec<&'static str>,
    ignore: Vec<&'static str>,
    allow_fallbacks: bool,
    sort: bool,
    max_price: Option<u64>,
}

const MODELS: [&str; 3] = ["a/x", "a/y", "a/z"];

fn case() -> impl Strategy<Value = Case> {
    let tag = prop::sample::select(vec!["one", "one/fp8", "two", "two/int4", "three", "four"]);
    let price = prop::sample::select(vec!["0", "1", "2", "2", "7", "?"]);
    let offers = prop::collection::btree_map((0..3u8, tag), (price, any::<bool>()), 1..12);
    let name = prop::sample::select(vec![
        "one",
        "one/fp8",
        "two",
        "Provider Three",
        "four",
        "no",
    ]);
    let list = prop::collection::vec(name, 0..4);
    (
        offers,
        prop::collection::vec(0..3u8, 1..5),
        (list.clone(), list.clone(), list),
        (any::<bool>(), any::<bool>()),
        prop::option::of(0..8u64),
    )
        .prop_map(|(offers, models, lists, flags, max_price)| Case {
            offers,
            models,
            order: lists.0,
            only: lists.1,
            ignore: lists.2,
            allow_fallbacks: flags.0,
            sort: flags.1,
            max_price,
        })
        .prop_filter("every model has an endpoint", |case| {
            let has = |model: &u8| case.offers.keys().any(|(at, _)| at == model);
            case.models.iter().all(has)
        })
}

// === impl Case ===

impl Case {
    fn world(&self) -> World {
        let mut models: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for ((model, tag), (price, _)) in &self.offers {
            let model = models.entry(MODELS[usize::from(*model)]).or_default();
            model.push((tag, price));
        }
        let models: Vec<_> = models.iter().map(|(m, e)| (*m, &e[..])).collect();
        let world = World::new(&models);
        for ((model, tag), (_, failed)) in &self.offers {
            if *failed {
                world.fail(&format!("{}@{tag}", MODELS[usize::from(*model)]));
            }
        }
        world
    }

    fn asked(&self) -> Vec<&'static str> {
        let mut asked = Vec::new();
        for model in &self.models {
            let model = MODELS[usize::from(*model)];
            if !asked.contains(&model) {
                asked.push(model);
            }
        }
        asked
    }

    fn body(&self) -> Value {
        let models = self.models.iter().map(|model| MODELS[usize::from(*model)]);
        let mut wanted = json!({
            "order": self.order, "only": self.only, "ignore": self.ignore,
            "allow_fallbacks": self.allow_fallbacks,
        });
        if self.sort {
            wanted["sort"] = "price".into();
        }
        if let Some(max) = self.max_price {
            wanted["max_price"] = json!({"completion": max});
        }
        json!({"models": models.collect::<Vec<_>>(), "provider": wanted})
    }

    /// An oracle of its own, over the text of the case.
    fn survives(&self, endpoint: &Endpoint) -> bool {
        let named = |list: &[&str]| list.iter().any(|name| names(name, endpoint.key()));
        let (_, (price, _)) = self
            .offers
            .iter()
            .find(|((model, tag), _)| {
                MODELS[usize::from(*model)] == endpoint.model() && *tag == endpoint.tag()
            })
            .unwrap();
        let affordable = match self.max_price {
            None => true,
            Some(max) => price.parse::<u64>().is_ok_and(|price| price <= max),
        };
        (self.only.is_empty() || named(&self.only)) && !named(&self.ignore) && affordable
    }
}

// === Helpers ===

struct World {
    catalog: Arc<Catalog>,
    roster: Roster,
    start: Instant,
}

impl World {
    /// Models, each with tags and prices per million tokens; `?` is an unknown one. `a/x` is also
    /// `x-for-short`.
    fn new(models: &[(&str, &[(&str, &str)])]) -> Self {
        let mut catalog = Catalog::builder();
        let tags = models.iter().flat_map(|(_, endpoints)| *endpoints);
        let slugs: BTreeSet<&str> = tags.map(|(tag, _)| slug(tag)).collect();
        for slug in slugs {
            let url = format!("http://{slug}.test/v1").parse().unwrap();
            let name = format!("Provider {slug}");
            catalog = catalog.provider(Provider::new(slug, url).with_name(&name));
        }
        for (id, endpoints) in models {
            let short = id.rsplit('/').next().unwrap();
            let mut model = ModelSpec::new(id).with_alias(&format!("{short}-for-short"));
            for (tag, price) in *endpoints {
                let prices = match *price {
                    "?" => Prices::unknown(),
                    price => flat(price),
                };
                let endpoint = EndpointSpec::new(slug(tag), "upstream").with_tag(tag);
                model = model.endpoint(endpoint.with_prices(prices));
            }
            catalog = catalog.model(model);
        }
        Self::of(catalog.build().unwrap())
    }

    fn of(catalog: Catalog) -> Self {
        let start = tokio::time::Instant::now().into_std();
        let catalog = Arc::new(catalog);
        Self {
            roster: Roster::new(catalog.clone(), start),
            catalog,
            start,
        }
    }

    fn fail(&self, key: &str) {
        let models = self.catalog.models().iter();
        let endpoint = models
            .flat_map(|model| model.endpoints())
            .find(|endpoint| endpoint.key() == key)
            .unwrap();
        let lineup = self.roster.lineup();
        lineup.standing(endpoint).failed(self.start);
    }

    fn plan(&self, body: Value) -> Result<Plan, Error> {
        self.draw(&body, 1)
    }

    fn draw(&self, body: &Value, seed: u64) -> Result<Plan, Error> {
        let payload = Payload::read(body.to_string())?;
        plan(&payload, &self.roster.lineup(), seed, self.start)
    }

    /// How often does each order come up in so many draws?
    fn shares(&self, draws: u32) -> BTreeMap<String, f64> {
        let payload = payload(&json!({"model": "a/x"}));
        let mut counts = BTreeMap::new();
        for seed in 0..draws.into() {
            let plan = plan(&payload, &self.roster.lineup(), seed, self.start).unwrap();
            assert_eq!(plan.candidates[0].reason, Reason::Drawn);
            *counts.entry(keys(&plan).join(" ")).or_insert(0u32) += 1;
        }
        let share = |(order, count)| (order, f64::from(count) / f64::from(draws));
        counts.into_iter().map(share).collect()
    }
}

async fn look(request: Request<Payload>) -> Result<(Call, HeaderMap), Infallible> {
    let call = request.extensions().get::<Call>().unwrap().clone();
    Ok((call, request.headers().clone()))
}

fn payload(body: &Value) -> Payload {
    Payload::read(body.to_string()).unwrap()
}

fn provider(wanted: Value) -> Value {
    json!({"model": "a/x", "provider": wanted})
}

fn keys(plan: &Plan) -> Vec<&str> {
    plan.candidates.iter().map(|c| c.endpoint.key()).collect()
}

fn tags(plan: &Plan) -> BTreeSet<&str> {
    plan.candidates.iter().map(|c| c.endpoint.tag()).collect()
}

fn slug(tag: &str) -> &str {
    tag.split('/').next().unwrap()
}

/// Does this name mean the endpoint with this key?
fn names(name: &str, key: &str) -> bool {
    let (_, tag) = key.split_once('@').unwrap();
    name == tag
        || name == slug(tag)
        || name.eq_ignore_ascii_case(&format!("provider {}", slug(tag)))
}

fn flat(price: &str) -> Prices {
    Prices::unknown()
        .with(Rate::Prompt, per_million(price))
        .with(Rate::Completion, per_million(price))
}

fn per_million(text: &str) -> Price {
    Price::per_million(text).unwrap()
}

/// Within four standard errors.
fn near(share: f64, expected: f64, draws: u32) {
    let error = (expected * (1.0 - expected) / f64::from(draws)).sqrt();
    assert!(
        (share - expected).abs() < 4.0 * error,
        "{share} is not {expected}"
    );
}
