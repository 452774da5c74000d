//! Many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::Full;
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Prices, Provider, Rate};
use switchtower::limits::{Limits, Scope, Unit, Window};
use switchtower::{BoxError, Error, Kind, Payload, Stack};
use tower::{ServiceExt, service_fn};

use super::*;

const CALLS: usize = 1000;
const THREADS: usize = 8;

/// Nobody who is asked answers: what the ledger holds for all of them is all there is.
#[test]
fn of_a_thousand_calls_as_many_are_let_in_as_the_limit_has_room_for() -> Result<(), BoxError> {
    // What one of them holds.
    let (stack, _) = asked_of(Stack::new(Arc::new(catalog()?)));
    let mut one = Box::pin(stack.0.clone().oneshot(request(1000)));
    assert!((&mut one).now_or_never().is_none());
    let hold = stack.1.ledger().totals().held;
    assert!(hold > 0);

    for (limit, admitted) in [(hold * 37 + hold / 2, 37), (hold * 64, 64), (hold - 1, 0)] {
        let limit = u64::try_from(limit)?;
        let limits = Limits::new([rule(
            "all",
            Scope::Account,
            Unit::Money,
            Window::Forever,
            limit,
        )]);
        let (stack, asked) = asked_of(Stack::new(Arc::new(catalog()?)).limits(limits.clone()));
        let run = || {
            let calls =
                (0..CALLS / THREADS).map(|_| Box::pin(stack.0.clone().oneshot(request(1000))));
            let mut calls: Vec<_> = calls.collect();
            let refused = calls.iter_mut().filter_map(|call| call.now_or_never());
            let refused: Vec<_> = refused.map(|answer| answer.unwrap_err()).collect();
            (calls, refused)
        };
        let all: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(asked.load(SeqCst), admitted, "of {limit}");
        assert_eq!(stack.1.ledger().totals().held, hold * admitted as i128);
        let refused: Vec<_> = all.iter().flat_map(|(_, refused)| refused).collect();
        assert_eq!(refused.len(), CALLS - admitted);
        let is_refusal = |error: &&Error| error.kind() == Kind::PaymentRequired;
        assert!(refused.iter().all(is_refusal));

        // Who leaves pays for what may have been at work, and the rest is free again.
        drop(all);
        assert_eq!(stack.1.ledger().totals().held, 0);
        let level = &limits.levels(&Subject::default(), &[Unit::Money], Clock::new().now())[0];
        assert_eq!(level.held, 0);
        assert_eq!(i128::from(level.used), stack.1.ledger().totals().charged);
    }
    Ok(())
}

#[test]
fn of_concurrency_as_many_are_under_way_as_may_be() -> Result<(), BoxError> {
    let at_once = rule(
        "at-once",
        Scope::Account,
        Unit::Concurrency,
        Window::Forever,
        3,
    );
    let limits = Limits::new([at_once]);
    let (stack, asked) = asked_of(Stack::new(Arc::new(catalog()?)).limits(limits));
    let ask = || {
        let mut call = Box::pin(stack.0.clone().oneshot(request(10)));
        let answer = (&mut call).now_or_never();
        (call, answer)
    };
    let mut under_way: Vec<_> = (0..3).map(|_| ask()).collect();
    assert!(under_way.iter().all(|(_, answer)| answer.is_none()));
    let error = ask().1.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::LimitReached, 429)
    );
    assert!(
        error
            .message()
            .contains("at-once: 3 requests at once, and 3 are under way")
    );
    under_way.pop();
    assert!(ask().1.is_none());
    let alone = rule(
        "alone",
        Scope::Account,
        Unit::Concurrency,
        Window::Forever,
        1,
    );
    let limits = Limits::new([alone]);
    let (subject, now) = (Subject::default(), Clock::new().now());
    let taken = limits.take(&subject, &[(Unit::Concurrency, 1)], now)?;
    let error = limits
        .take(&subject, &[(Unit::Concurrency, 1)], now)
        .unwrap_err();
    let told = "Rate limit exceeded: alone: 1 request at once, and 1 is under way";
    assert_eq!(error.to_string(), told);
    drop(taken);
    assert_eq!(asked.load(SeqCst), 4);
    Ok(())
}

/// Whatever is held, charged and given back at the same time.
#[test]
fn what_is_used_and_held_never_exceeds_the_limit() {
    const LIMIT: u64 = 10_000;
    let names = ["account", "key", "day"];
    let limits = Limits::new([
        rule(
            names[0],
            Scope::Account,
            Unit::Money,
            Window::Forever,
            LIMIT,
        ),
        rule(
            names[1],
            Scope::Key,
            Unit::Money,
            Window::Forever,
            LIMIT / 2,
        ),
        rule(
            names[2],
            Scope::User,
            Unit::Money,
            Window::Rolling(seconds(3600)),
            LIMIT / 3,
        ),
    ]);
    let (clock, charged) = (Clock::new(), AtomicU64::new(0));
    let work = |seed: u64| {
        let mut random = fastrand::Rng::with_seed(seed);
        let caller = caller(["a", "b"][seed as usize % 2]);
        for _ in 0..2000 {
            let subject = Subject {
                user: Some(["bob", "eve"][random.usize(..2)]),
                ..of(&caller)
            };
            let amount = random.u64(1..200);
            let taken = limits.take(&subject, &[(Unit::Money, amount)], clock.now());
            for level in limits.levels(&subject, &[Unit::Money], clock.now()) {
                let sum = level.used + level.held;
                assert!(sum <= level.rule.limit(), "{level:?}");
            }
            let Ok(mut taken) = taken else { continue };
            if random.bool() {
                let used = random.u64(..=amount / 20);
                taken.settle(Unit::Money, used, clock.now());
                charged.fetch_add(used, SeqCst);
            }
        }
    };
    thread::scope(|scope| {
        for seed in 0..THREADS as u64 {
            scope.spawn(move || work(seed));
        }
    });
    let all = limits.levels(&Subject::default(), &[Unit::Money], clock.now());
    assert_eq!((all[0].used, all[0].held), (charged.load(SeqCst), 0));
}

// === Helpers ===

pub(super) type Around = (
    tower::util::BoxCloneSyncService<Request<Payload>, (), Error>,
    Stack,
);

/// Around a provider who never answers, and how often it was asked.
pub(super) fn asked_of(stack: Stack) -> (Around, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let client = service_fn(move |_: Request<Payload>| {
        count.fetch_add(1, SeqCst);
        std::future::pending::<Result<Response<Full<Bytes>>, std::io::Error>>()
    });
    let chain = switchtower::choose::ChooseLayer::new(stack.roster().clone());
    let chain = tower::ServiceBuilder::new()
        .layer(chain)
        .layer(switchtower::settle::SettleLayer::new(
            stack.ledger().clone(),
        ))
        .service(client)
        .map_response(|_| ());
    let chain = tower::util::BoxCloneSyncService::new(chain);
    ((chain, stack), asked)
}

pub(super) fn request(max_tokens: u32) -> Request<Payload> {
    let body = format!(
        r#"{{"model":"a/x","max_tokens":{max_tokens},"messages":[{{"role":"user","content":"hey"}}]}}"#
    );
    Request::new(Payload::read(body).unwrap())
}

pub(super) fn catalog() -> Result<Catalog, BoxError> {
    let prices = Prices::unknown().with(Rate::Prompt, "1e-6".parse()?);
    let prices = prices.with(Rate::Completion, "2e-6".parse()?);
    let endpoint = EndpointSpec::new("one", "x").with_prices(prices);
    Ok(Catalog::builder()
        .provider(Provider::new("one", "http://one.test/v1".parse()?))
        .model(ModelSpec::new("a/x").endpoint(endpoint))
        .build()?)
}
