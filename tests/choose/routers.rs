//! `openrouter/auto` and `openrouter/free`.

use std::num::NonZeroU64;
use std::sync::Arc;

use serde_json::{Value, json};
use switchtower::catalog::{AutoSpec, Catalog, ModelSpec, Override, Provider, Rate, Task};
use switchtower::choose::Ask;
use switchtower::standing::Sticky;
use switchtower::wire::{Field, Fields, Modality};
use switchtower::{Kind, Routing};

use crate::support::*;

fn ruled(rule: AutoSpec, models: impl IntoIterator<Item = ModelSpec>) -> World {
    let url = "http://a.test/v1".parse().unwrap();
    let catalog = Catalog::builder()
        .provider(Provider::new("a", url))
        .auto(rule);
    let catalog = models
        .into_iter()
        .fold(catalog, |catalog, model| catalog.model(model));
    World::of(catalog.build().unwrap())
}

fn auto(more: Value) -> Value {
    let mut body = json!({"model": "openrouter/auto"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

fn free() -> Value {
    json!({"model": "openrouter/free"})
}

#[test]
fn auto_is_the_cheapest_that_can_and_two_to_fall_back_on() {
    let world = ruled(
        AutoSpec::new().with_models("m/*"),
        [
            served("m/dear", [at("a", "3")]),
            served("m/small", [at("a", "1")]).with_context_length(NonZeroU64::new(100).unwrap()),
            served("m/middle", [at("a", "2")]),
            served("m/dearest", [at("a", "4")]),
            served("m/secret", [at("a", "?")]),
            served("n/cheap", [at("a", "0.1")]),
        ],
    );
    let plan = world.plan(auto(json!({}))).unwrap();
    assert_eq!(keys(&plan), ["m/small@a", "m/middle@a", "m/dear@a"]);
    assert_eq!(
        (&*plan.requested, plan.routing),
        ("openrouter/auto", Routing::Auto)
    );
    // It cannot hold so many tokens.
    let long = world.plan(auto(json!({"max_tokens": 200}))).unwrap();
    assert_eq!(keys(&long), ["m/middle@a", "m/dear@a", "m/dearest@a"]);
    // The same request gets the same models, whatever the seed.
    for seed in 0..20 {
        let again = world.draw(&auto(json!({})), seed).unwrap();
        assert_eq!(keys(&again), keys(&plan));
    }
}

#[test]
fn auto_is_by_task_first() {
    let world = ruled(
        AutoSpec::new()
            .with_models("m/*")
            .with_task(Task::Tools, "m/smith")
            .with_task(Task::Reasoning, "m/thinker")
            .with_task(Task::Long, "m/reader")
            .with_long_above(100),
        [
            served("m/cheap", [at("a", "1")]),
            served("m/smith", [at("a", "5")]),
            served("m/thinker", [at("a", "6")]),
            served("m/reader", [at("a", "7")]),
        ],
    );
    for (more, first) in [
        (json!({}), "m/cheap"),
        (json!({"tools": [{}]}), "m/smith"),
        (json!({"reasoning": {"effort": "high"}}), "m/thinker"),
        (
            json!({"prompt": "x".repeat(500), "tools": [{}]}),
            "m/reader",
        ),
    ] {
        let plan = world.plan(auto(more)).unwrap();
        assert_eq!(plan.candidates[0].model.id(), first);
        let second = if first == "m/cheap" {
            "m/smith"
        } else {
            "m/cheap"
        };
        assert_eq!(plan.candidates[1].model.id(), second);
    }
}

#[test]
fn auto_can_do_what_is_asked_for() {
    let without = |id: &str, price| served(id, [at("a", price).with_parameters(Fields::NONE)]);
    let with = |id: &str, price| {
        served(
            id,
            [at("a", price).with_parameters(Fields::of(&[Field::Tools]))],
        )
    };
    let rule = || AutoSpec::new().with_models("m/*");
    let world = ruled(rule(), [without("m/cheap", "1"), with("m/able", "9")]);
    let plan = world.plan(auto(json!({"tools": [{}]}))).unwrap();
    assert_eq!(keys(&plan), ["m/able@a"]);
    // As long as there is anybody who can.
    let world = ruled(rule(), [without("m/cheap", "1"), without("m/dear", "9")]);
    let plan = world.plan(auto(json!({"tools": [{}]}))).unwrap();
    assert_eq!(keys(&plan), ["m/cheap@a", "m/dear@a"]);
}

#[test]
fn auto_says_why_it_cannot() {
    let world = ruled(
        AutoSpec::new().with_models("m/*"),
        [served("m/x", [at("a", "5")])],
    );
    let error = world
        .plan(auto(json!({"provider": {"max_price": {"prompt": 1}}})))
        .unwrap_err();
    assert_eq!(error.kind(), Kind::NoEndpoints);
    let expected = "no endpoints found for `openrouter/auto`: `provider.max_price` removed 1";
    assert_eq!(error.message(), expected);
    let none = World::serving([at("a", "1")])
        .plan(auto(json!({})))
        .unwrap_err();
    assert_eq!(
        (none.kind(), none.status().as_u16()),
        (Kind::NoEndpoints, 404)
    );
}

#[test]
fn a_variant_of_a_router_is_one_of_what_it_chooses() {
    let world = ruled(
        AutoSpec::new().with_models("m/*"),
        [served("m/x", [at("a", "1"), at("a/priority", "2")])],
    );
    world.measure("m/x@a/priority", 100, 90);
    let plan = world
        .plan(json!({"model": "openrouter/auto:nitro"}))
        .unwrap();
    assert_eq!(keys(&plan), ["m/x@a/priority", "m/x@a"]);
}

#[test]
fn free_is_any_model_that_costs_nothing_all_as_likely() {
    let night = Override::new()
        .during("00:00-06:00".parse().unwrap())
        .with(Rate::Prompt, per_million("1"));
    let world = World::having([
        served("a/1:free", [at("a", "0"), at("b", "0")]),
        served("a/2:free", [at("a", "0")]),
        served("a/mixed", [at("a", "1"), at("b", "0")]),
        served("a/4:free", [at("c", "0").with_parameters(Fields::NONE)]),
        served("a/5:free", [at("a", "0")]).hidden(),
        served("a/paid", [at("a", "1")]),
        served("a/unknown", [at("a", "?")]),
        served(
            "a/by-day",
            [at("a", "0").with_prices(flat("0").with_override(night))],
        ),
    ]);
    let firsts = world.firsts(&free(), 20_000);
    let of = |id: &str| {
        firsts
            .iter()
            .filter(|(key, _)| key.starts_with(id))
            .map(|(_, n)| n)
            .sum()
    };
    for id in ["a/1:free@", "a/2:free@", "a/mixed@b", "a/4:free@"] {
        near(of(id), 0.25, 20_000);
    }
    let plan = world.plan(free()).unwrap();
    let mut models: Vec<_> = plan.candidates.iter().map(|c| c.model.id()).collect();
    models.dedup();
    assert_eq!((models.len(), plan.routing), (3, Routing::Free));
    // Tools are asked for, so a model that says to have none is out.
    let mut tools = free();
    tools["tools"] = json!([{}]);
    assert!(
        !world
            .firsts(&tools, 1_000)
            .keys()
            .any(|key| key.starts_with("a/4"))
    );
    let mut without = free();
    without["provider"] = json!({"only": ["d"]});
    let error = world.plan(without).unwrap_err();
    assert!(
        error.message().ends_with("`provider.only` removed 5"),
        "{error}"
    );
    // What is drawn, seen, spoken or searched costs something there, whatever its words do.
    for rate in [
        Rate::ImageOutput,
        Rate::ImageUnit,
        Rate::AudioOutput,
        Rate::WebSearch,
    ] {
        let prices = flat("0").with(rate, "0.00003".parse().unwrap());
        let none = World::serving([at("a", "?").with_prices(prices)]).plan(free());
        assert!(none.is_err(), "{rate:?}");
    }
    let none = World::serving([at("a", "1")]).plan(free()).unwrap_err();
    assert_eq!(none.kind(), Kind::NoEndpoints);
}

#[test]
fn a_conversation_stays_with_the_model_that_a_router_chose() {
    let models = (0..8).map(|n| served(&format!("a/{n}:free"), [at("a", "0"), at("b", "0")]));
    let world = World::having(models);
    let payload = payload(&json!({"model": "openrouter/free", "session_id": "chat-1"}));
    let sticky = Arc::new(Sticky::new(world.start));
    let plan = |seed| {
        let ask = Ask::new(&payload, seed, world.start).sticky(&sticky);
        world.ask(&ask).unwrap()
    };
    let first = plan(1);
    let answered = &first.candidates[0].endpoint;
    first
        .conversation()
        .unwrap()
        .answered(answered, 0, world.start);
    for seed in 0..50 {
        assert_eq!(plan(seed).candidates[0].endpoint.key(), answered.key());
    }
}

/// The second router remembered its conversation in place of the first one's.
#[test]
fn a_conversation_stays_with_the_first_of_two_routers() {
    let free = (0..8).map(|n| served(&format!("a/{n}:free"), [at("a", "0")]));
    let paid = [served("m/1", [at("a", "1")])];
    let world = ruled(AutoSpec::new().with_models("m/*"), free.chain(paid));
    let payload =
        payload(&json!({"models": ["openrouter/free", "openrouter/auto"], "session_id": "chat-1"}));
    let sticky = Arc::new(Sticky::new(world.start));
    let plan = |seed| {
        let ask = Ask::new(&payload, seed, world.start).sticky(&sticky);
        world.ask(&ask).unwrap()
    };
    let first = plan(1);
    let answered = &first.candidates[0].endpoint;
    first
        .conversation()
        .unwrap()
        .answered(answered, 0, world.start);
    for seed in 0..50 {
        assert_eq!(plan(seed).candidates[0].endpoint.key(), answered.key());
    }
}

/// Each time it was named it looked at every model there is.
#[test]
fn a_router_that_is_named_again_chooses_nothing_more() {
    let models = (0..8).map(|n| served(&format!("a/{n}:free"), [at("a", "0")]));
    let world = World::having(models);
    let again = json!({"models": ["openrouter/free", "openrouter/free:nitro", "openrouter/free", "a/7:free"]});
    for seed in 0..20 {
        let plan = world.draw(&again, seed).unwrap();
        let chosen = plan
            .candidates
            .iter()
            .filter(|c| c.model.id() != "a/7:free");
        assert!((2..=3).contains(&chosen.count()), "{:?}", keys(&plan));
    }
}

#[test]
fn an_order_is_no_part_of_a_conversation_through_a_router_either() {
    let models = (0..8).map(|n| served(&format!("a/{n}:free"), [at("a", "0"), at("b", "0")]));
    let world = World::having(models);
    let sticky = Arc::new(Sticky::new(world.start));
    let body =
        json!({"model": "openrouter/free", "session_id": "chat-1", "provider": {"order": ["a"]}});
    let payload = payload(&body);
    let ask = Ask::new(&payload, 1, world.start).sticky(&sticky);
    assert!(world.ask(&ask).unwrap().conversation().is_none());
}

/// Each of thousands went into the plan, to be refused.
#[test]
fn a_refusal_of_a_router_looks_at_so_many_models() {
    let models = (0..70).map(|n| served(&format!("m/{n}"), [at("a", "1")]));
    let world = ruled(AutoSpec::new().with_models("m/*"), models);
    let error = world
        .plan(auto(json!({"provider": {"ignore": ["a"]}})))
        .unwrap_err();
    assert!(
        error.message().ends_with("`provider.ignore` removed 64"),
        "{error}"
    );
}

/// A model of vectors among those of the rule was blamed where filters had left nobody.
#[test]
fn a_router_passes_over_what_answers_something_else() {
    let vectors = [Modality::Embeddings].into_iter().collect();
    let world = ruled(
        AutoSpec::new().with_models("m/*"),
        [
            served("m/vectors", [at("a", "0.1")]).with_output(vectors),
            served("m/words", [at("a", "5")]),
        ],
    );
    assert_eq!(keys(&world.plan(auto(json!({}))).unwrap()), ["m/words@a"]);
    let dear = json!({"provider": {"max_price": {"prompt": 1}}});
    let error = world.plan(auto(dear)).unwrap_err();
    assert_eq!(error.kind(), Kind::NoEndpoints);
    assert!(
        error.message().ends_with("`provider.max_price` removed 1"),
        "{error}"
    );
}

/// The router had drawn the very model that was named to fall back on, and what that has for money was gone.
#[test]
fn what_is_named_beside_the_router_for_free_models_is_there_as_a_whole() {
    let world = World::having([served("a/x", [at("a", "0"), at("b", "1")])]);
    let body = json!({"model": "openrouter/free", "models": ["a/x"]});
    assert_eq!(world.order(body), ["a", "b"]);
    assert_eq!(world.order(free()), ["a"]);
    let twice = json!({"model": "a/x", "models": ["openrouter/free"]});
    assert_eq!(tags(&world.plan(twice).unwrap()).len(), 2);
}
