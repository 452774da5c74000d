//! Callers' own keys of providers.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use switchtower::choose::{Ask, plan};
use switchtower::keys::{ProviderKey, ProviderKeySettings, ProviderKeys, Rights};
use switchtower::{Caller, Filter, KeyId, Payload, Plan, Reason};

use crate::support::*;

const CALLER: &str = "sk-or-v1-a";

fn key(
    world: &World,
    id: &str,
    provider: &str,
    set: impl FnOnce(&mut ProviderKeySettings),
) -> Arc<ProviderKey> {
    let mut settings = ProviderKeySettings::of(provider, "sk-...AbCd", UNIX_EPOCH);
    set(&mut settings);
    Arc::new(ProviderKey::new(id, 1, settings, "sk-secret", world.start).unwrap())
}

fn ask(world: &World, body: Value, keys: impl IntoIterator<Item = Arc<ProviderKey>>) -> Plan {
    let wallet = ProviderKeys::default();
    wallet.set(keys);
    let rights = Rights::default().creator(Some("ann"));
    let caller = Caller::new(KeyId::of(CALLER)).with_rights(rights);
    let caller = caller.with_provider_keys(wallet);
    let payload = Payload::read(body.to_string()).unwrap();
    let ask = Ask::new(&payload, 1, world.start).caller(&caller);
    plan(&ask, &world.roster.lineup()).unwrap()
}

/// Each candidate as its endpoint and the id of the key.
fn told(plan: &Plan) -> Vec<String> {
    let each = plan.candidates.iter().map(|candidate| {
        let key = candidate.own_key.as_ref().map(|key| key.id());
        assert_eq!(key.is_some(), candidate.reason == Reason::CallersKey);
        format!("{} {}", candidate.endpoint.key(), key.unwrap_or("-"))
    });
    each.collect()
}

fn ordered(order: Value) -> Value {
    json!({"model": "a/x", "provider": {"order": order}})
}

fn clouds() -> World {
    World::new(&[(
        "a/x",
        &[("bedrock", "1"), ("vertex", "2"), ("anthropic", "3")],
    )])
}

/// The examples of OpenRouter's documentation.
#[test]
fn own_keys_come_before_any_order_and_keep_to_it() {
    let world = clouds();
    let all = ["bedrock", "vertex", "anthropic"];
    let keys = all.map(|provider| key(&world, provider, provider, |_| ()));
    let plan = ask(&world, ordered(json!(all)), keys);
    assert_eq!(
        told(&plan),
        [
            "a/x@bedrock bedrock",
            "a/x@vertex vertex",
            "a/x@anthropic anthropic",
            "a/x@bedrock -",
            "a/x@vertex -",
            "a/x@anthropic -",
        ]
    );
    let order = json!({"model": "a/x", "provider": {"order": ["bedrock", "vertex"], "allow_fallbacks": false}});
    let plan = ask(&world, order, [key(&world, "1", "vertex", |_| ())]);
    assert_eq!(
        told(&plan),
        ["a/x@vertex 1", "a/x@bedrock -", "a/x@vertex -"]
    );
    assert_eq!(plan.rejected.len(), 1);
    assert_eq!(plan.rejected[0].filter, Filter::AllowFallbacks);
}

#[test]
fn several_keys_of_a_provider_stand_in_their_order_and_fallbacks_last() {
    let world = clouds();
    let keys = [
        key(&world, "last", "vertex", |it| it.fallback = true),
        key(&world, "second", "vertex", |it| it.sort = 1),
        key(&world, "first", "vertex", |_| ()),
        key(&world, "off", "vertex", |it| it.disabled = true),
    ];
    let plan = ask(
        &world,
        ordered(json!(["anthropic", "vertex", "bedrock"])),
        keys,
    );
    assert_eq!(
        told(&plan),
        [
            "a/x@vertex first",
            "a/x@vertex second",
            "a/x@anthropic -",
            "a/x@vertex -",
            "a/x@bedrock -",
            "a/x@vertex last",
        ]
    );
    let standing = |at: usize| Arc::as_ptr(&plan.candidates[at].standing);
    assert!(standing(0) != standing(1) && standing(1) != standing(3) && standing(3) != standing(5));
    assert_eq!(standing(3), Arc::as_ptr(&world.standing("a/x@vertex")));
}

#[test]
fn always_leaves_out_what_is_shared() {
    let world = clouds();
    let always = key(&world, "1", "vertex", |it| it.always = true);
    let plan = ask(&world, ordered(json!(["bedrock"])), [always]);
    assert_eq!(told(&plan)[..2], ["a/x@vertex 1", "a/x@bedrock -"]);
    assert!(!told(&plan).contains(&"a/x@vertex -".to_owned()));
}

#[test]
fn a_key_is_used_only_for_what_it_is_for() {
    let world = World::new(&[("a/x", &[("one", "1")]), ("b/y", &[("one", "1")])]);
    let id = KeyId::of(CALLER);
    let keys = [
        key(&world, "model", "one", |it| {
            it.models = Some(vec!["b/*".into()])
        }),
        key(&world, "key", "one", |it| it.keys = Some(vec![id])),
        key(&world, "other key", "one", |it| {
            it.keys = Some(vec![KeyId::of("other")])
        }),
        key(&world, "user", "one", |it| {
            it.users = Some(vec!["ann".into()])
        }),
        key(&world, "other user", "one", |it| {
            it.users = Some(vec!["bob".into()])
        }),
        key(&world, "elsewhere", "two", |_| ()),
        key(&world, "alias", "one", |it| {
            it.models = Some(vec!["x-for-short".into()])
        }),
    ];
    let plan = ask(&world, json!({"models": ["a/x", "b/y"]}), keys);
    assert_eq!(
        told(&plan),
        [
            "a/x@one alias",
            "a/x@one key",
            "a/x@one user",
            "a/x@one -",
            "b/y@one key",
            "b/y@one model",
            "b/y@one user",
            "b/y@one -",
        ]
    );
}

#[test]
fn where_a_sort_ranges_over_all_models_own_keys_do_too() {
    let world = World::new(&[("a/x", &[("one", "1")]), ("b/y", &[("two", "2")])]);
    let own = || [key(&world, "1", "two", |_| ())];
    let body = |partition: &str| json!({"models": ["a/x", "b/y"], "provider": {"sort": {"by": "price", "partition": partition}}});
    let together = ask(&world, body("none"), own());
    assert_eq!(told(&together), ["b/y@two 1", "a/x@one -", "b/y@two -"]);
    let apart = ask(&world, body("model"), own());
    assert_eq!(told(&apart), ["a/x@one -", "b/y@two 1", "b/y@two -"]);
}

#[test]
fn without_fallbacks_the_head_alone_is_left() {
    let world = clouds();
    let body = json!({"model": "a/x", "provider": {"allow_fallbacks": false, "sort": "price"}});
    let keys = [
        key(&world, "1", "vertex", |_| ()),
        key(&world, "2", "vertex", |it| it.sort = 1),
    ];
    let plan = ask(&world, body, keys);
    assert_eq!(told(&plan), ["a/x@vertex 1", "a/x@vertex 2"]);
    assert_eq!(plan.rejected.len(), 2, "each endpoint once");
}

#[test]
fn filters_remove_an_endpoint_whoever_has_a_key_for_it() {
    let world = clouds();
    let body = json!({"model": "a/x", "provider": {"ignore": ["vertex"]}});
    let plan = ask(&world, body, [key(&world, "1", "vertex", |_| ())]);
    assert!(told(&plan).iter().all(|it| it.ends_with(" -")));
}
