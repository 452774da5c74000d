//! What a key may ask.

use serde_json::json;
use switchtower::choose::{Ask, plan};
use switchtower::keys::Rights;
use switchtower::{Caller, Filter, KeyId, Kind, Payload};

use crate::support::*;

fn caller(rights: Rights) -> Caller {
    Caller::new(KeyId::of("sk-or-v1-a")).with_rights(rights)
}

#[test]
fn a_key_asks_its_models_and_providers_alone() {
    let one = ("a/x", &[("one", "1"), ("two", "2")][..]);
    let world = World::new(&[one, ("b/y", &[("one", "1")])]);
    let asked = |names: serde_json::Value, rights: Rights| {
        let payload = Payload::read(json!({ "models": names }).to_string()).unwrap();
        let caller = caller(rights);
        let ask = Ask::new(&payload, 1, world.start).caller(&caller);
        plan(&ask, &world.roster.lineup())
    };
    let all = json!(["a/x", "b/y"]);
    let free = asked(all.clone(), Rights::default()).unwrap();
    assert_eq!(free.candidates.len(), 3);

    // By its id, by a pattern, by an alias: whatever name led to it.
    for name in ["a/x", "a/*", "x-for-short"] {
        let rights = Rights::default().models([name]);
        for names in [all.clone(), json!(["x-for-short", "y-for-short"])] {
            let plan = asked(names, rights.clone()).unwrap();
            assert_eq!(keys(&plan), ["a/x@one", "a/x@two"]);
            assert_eq!(plan.rejected[0].filter, Filter::AllowedModels);
        }
    }
    let rights = Rights::default().providers(["two", "provider THREE"]);
    let plan = asked(all.clone(), rights).unwrap();
    assert_eq!(keys(&plan), ["a/x@two"]);
    let by = |rejected: &switchtower::Rejected| rejected.filter == Filter::AllowedProviders;
    assert!(plan.rejected.len() == 2 && plan.rejected.iter().all(by));
}

#[test]
fn a_refusal_says_that_it_is_the_key() {
    let world = World::new(&[("a/x", &[("one", "1")])]);
    let payload = Payload::read(json!({"model": "a/x"}).to_string()).unwrap();
    for (rights, field) in [
        (Rights::default().models(["b/*"]), "key.allowed_models"),
        (
            Rights::default().providers(["two"]),
            "key.allowed_providers",
        ),
    ] {
        let caller = caller(rights);
        let ask = Ask::new(&payload, 1, world.start).caller(&caller);
        let refusal = plan(&ask, &world.roster.lineup()).unwrap_err();
        assert_eq!(
            (refusal.kind(), refusal.param()),
            (Kind::NoEndpoints, Some(field))
        );
        assert!(refusal.message().contains(field), "{refusal}");
    }
}

#[test]
fn a_router_chooses_among_what_the_key_may_ask() {
    let world = World::new(&[("a/x", &[("one", "0")]), ("b/y", &[("one", "0")])]);
    let payload = Payload::read(json!({"model": "openrouter/free"}).to_string()).unwrap();
    let caller = caller(Rights::default().models(["b/y"]));
    for seed in 0..20 {
        let ask = Ask::new(&payload, seed, world.start).caller(&caller);
        let plan = plan(&ask, &world.roster.lineup()).unwrap();
        assert_eq!(keys(&plan), ["b/y@one"]);
    }
}
