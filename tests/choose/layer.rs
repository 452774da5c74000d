//! The layer around the planner.

use std::collections::BTreeSet;
use std::convert::Infallible;

use http::{HeaderMap, Request};
use serde_json::json;
use switchtower::choose::ChooseLayer;
use switchtower::{Call, Kind, Payload};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::*;

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

async fn look(request: Request<Payload>) -> Result<(Call, HeaderMap), Infallible> {
    let call = request.extensions().get::<Call>().unwrap().clone();
    Ok((call, request.headers().clone()))
}
