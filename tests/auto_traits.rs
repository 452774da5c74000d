//! What may be sent, shared, moved and cloned.

use http::{Request, Response};
use switchtower::admit::{key, read};
use switchtower::catalog::{Catalog, Endpoint, Model, Provider};
use switchtower::dispatch::{address, commit, deadline, fallback, gate, hedge, recover, retry};
use switchtower::settle::{AttemptRecord, Books, Hold, MemoryLedger, MemorySlot, Record, Totals};
use switchtower::standing::{Breaker, Circuit, Lineup, Roster, Standing};
use switchtower::wire::{Chunk, Dialect, Preferences, View, sse::Scanner};
use switchtower::{
    Again, Attempt, BoxError, Call, Candidate, Chain, Early, End, Error, Fault, Femto, Filter,
    Found, GenerationId, Kind, Money, Next, Payload, Phase, Plan, Price, Reason, Refused, Rejected,
    Rule, Stack, Upstream, Usage,
};
use switchtower::{choose, meter, settle};
use tower::ServiceExt;

/// A client, its future and its body, as friendly as they come.
type Client = tower::util::BoxCloneSyncService<Request<Payload>, Response<Body>, std::io::Error>;
type Answer = std::future::Ready<Result<Response<Body>, std::io::Error>>;
type Body = http_body_util::Full<bytes::Bytes>;

macro_rules! assert_impl {
    ($($type:ty: $($bound:ident)+;)*) => {
        $({
            fn check<T: $($bound +)+ ?Sized>() {}
            check::<$type>();
        })*
    };
}

#[test]
fn nouns_cross_threads() {
    assert_impl! {
        Payload: Send Sync Unpin Clone;
        Call: Send Sync Unpin Clone;
        Attempt: Send Sync Unpin Clone;
        Found: Send Sync Unpin Clone;
        Plan: Send Sync Unpin Clone;
        Candidate: Send Sync Unpin Clone;
        Rejected: Send Sync Unpin Clone;
        Catalog: Send Sync Unpin;
        Model: Send Sync Unpin;
        Endpoint: Send Sync Unpin;
        Provider: Send Sync Unpin Clone;
        Lineup: Send Sync Unpin;
        Roster: Send Sync Unpin Clone;
        Standing: Send Sync Unpin;
        Record: Send Sync Unpin Clone;
        AttemptRecord: Send Sync Unpin Clone;
        MemoryLedger: Send Sync Unpin Clone;
        Books: Send Sync Unpin Clone;
        MemorySlot: Send Sync Unpin;
        Hold<MemorySlot>: Send Sync Unpin;
        retry::Budget: Send Sync Unpin;
        retry::Budgets: Send Sync Unpin Clone;
        View: Send Sync Unpin Clone;
        Chunk: Send Sync Unpin Clone;
        Preferences: Send Sync Unpin Clone;
        Scanner: Send Sync Unpin;
        Upstream: Send Sync Unpin Clone;
        Refused: Send Sync Unpin Clone;
    }
}

#[test]
fn small_values_are_copied() {
    assert_impl! {
        End: Copy Send Sync Unpin;
        Kind: Copy Send Sync Unpin;
        Phase: Copy Send Sync Unpin;
        Fault: Copy Send Sync Unpin;
        Again: Copy Send Sync Unpin;
        Next: Copy Send Sync Unpin;
        Rule: Copy Send Sync Unpin;
        Reason: Copy Send Sync Unpin;
        Filter: Copy Send Sync Unpin;
        Usage: Copy Send Sync Unpin;
        Totals: Copy Send Sync Unpin;
        Money: Copy Send Sync Unpin;
        Femto: Copy Send Sync Unpin;
        Price: Copy Send Sync Unpin;
        GenerationId: Copy Send Sync Unpin;
        Dialect: Copy Send Sync Unpin;
        deadline::Deadlines: Copy Send Sync Unpin;
        deadline::Clocks: Copy Send Sync Unpin;
        Circuit: Send Sync Unpin;
        Breaker: Copy Send Sync Unpin;
        retry::Backoff: Copy Send Sync Unpin;
        retry::Situation: Copy Send Sync Unpin;
    }
}

#[test]
fn an_error_is_an_error_that_any_box_takes() {
    assert_impl! { Error: Send Sync Unpin; }
    fn boxed<E: std::error::Error + Send + Sync + 'static>() {}
    boxed::<Error>();
}

#[test]
fn layers_are_cloned_and_shared() {
    assert_impl! {
        key::KeyLayer: Send Sync Unpin Clone;
        read::ReadLayer: Send Sync Unpin Clone;
        choose::ChooseLayer: Send Sync Unpin Clone;
        settle::SettleLayer<MemoryLedger>: Send Sync Unpin Clone;
        fallback::FallbackLayer: Send Sync Unpin Clone;
        hedge::HedgeLayer: Send Sync Unpin Clone;
        retry::RetryLayer: Send Sync Unpin Clone;
        gate::GateLayer: Send Sync Unpin Clone;
        commit::CommitLayer: Send Sync Unpin Clone;
        recover::RecoverLayer: Send Sync Unpin Clone;
        deadline::DeadlineLayer: Send Sync Unpin Clone;
        meter::MeterLayer: Send Sync Unpin Clone;
        address::AddressLayer: Send Sync Unpin Clone;
        Stack: Send Sync Unpin Clone;
    }
}

#[test]
fn services_are_what_their_client_is() {
    assert_impl! {
        key::Key<Client>: Send Sync Unpin Clone;
        read::Read<Client>: Send Sync Unpin Clone;
        choose::Choose<Client>: Send Sync Unpin Clone;
        settle::Settle<Client, MemoryLedger>: Send Sync Unpin Clone;
        fallback::Fallback<Client>: Send Sync Unpin Clone;
        hedge::Hedge<Client>: Send Sync Unpin Clone;
        retry::Retry<Client>: Send Sync Unpin Clone;
        gate::Gate<Client>: Send Sync Unpin Clone;
        commit::Commit<Client>: Send Sync Unpin Clone;
        recover::Recover<Client>: Send Sync Unpin Clone;
        deadline::Deadline<Client>: Send Sync Unpin Clone;
        meter::Meter<Client>: Send Sync Unpin Clone;
        address::Address<Client>: Send Sync Unpin Clone;
        Chain<Client>: Send Sync Unpin Clone;
    }
}

#[test]
fn futures_can_be_spawned_and_moved() {
    assert_impl! {
        Early<Answer>: Send Sync Unpin;
        meter::ResponseFuture<Answer, Body>: Send Sync Unpin;
        deadline::ResponseFuture<Answer>: Send Sync Unpin;
        commit::ResponseFuture<Answer, Body>: Send Sync Unpin;
        settle::ResponseFuture<Client, MemorySlot>: Send;
        hedge::ResponseFuture<Client>: Send;
        retry::ResponseFuture<Client>: Send;
        gate::ResponseFuture<Answer>: Send Sync Unpin;
        fallback::ResponseFuture<Client>: Send;
        recover::ResponseFuture<Client>: Send;
        read::ResponseFuture<Client, Body>: Send;
    }
}

#[test]
fn bodies_can_be_sent_and_moved() {
    assert_impl! {
        Payload: Send Sync Unpin;
        meter::Body<Body>: Send Sync Unpin;
        deadline::Body<Body>: Send Sync Unpin;
        commit::Body<Body>: Send Sync Unpin;
        recover::Body<Client, Body>: Send Unpin;
        settle::Body<Body, MemorySlot>: Send Sync Unpin;
    }
}

/// A client that is not `Sync`, or whose body is not `Unpin`, still fits.
#[test]
fn nothing_is_asked_of_a_client_that_the_chain_does_not_need() {
    type Unsync = tower::util::BoxCloneService<Request<Payload>, Response<Body>, std::io::Error>;
    type Pinned = http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, std::io::Error>;
    struct NotUnpin(std::marker::PhantomPinned);
    impl http_body::Body for NotUnpin {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
            let _ = &self.0;
            std::task::Poll::Ready(None)
        }
    }
    fn is_body<B: http_body::Body>() {}
    is_body::<meter::Body<NotUnpin>>();
    is_body::<deadline::Body<meter::Body<NotUnpin>>>();
    is_body::<settle::Body<NotUnpin, MemorySlot>>();
    assert_impl! {
        Chain<Unsync>: Send Clone;
        meter::Body<Pinned>: Send Unpin;
    }
}

/// The whole chain in a box, and its call in a task: what a server does with it.
#[tokio::test(start_paused = true)]
async fn the_chain_fits_into_a_box_and_a_task() {
    let catalog = Catalog::builder()
        .provider(Provider::new("one", "http://one.test/v1".parse().unwrap()))
        .model(
            switchtower::catalog::ModelSpec::new("a/x")
                .endpoint(switchtower::catalog::EndpointSpec::new("one", "x")),
        );
    let client = tower::service_fn(|_: Request<Payload>| async {
        let json = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
        Ok::<_, std::io::Error>(Response::new(Body::from(json)))
    });
    let chain = Stack::new(std::sync::Arc::new(catalog.build().unwrap()))
        .seed(1)
        .around(client);
    let boxed = tower::util::BoxCloneSyncService::<Request<Body>, _, _>::new(chain);
    let request = Request::new(Body::from(
        r#"{"model":"a/x","messages":[{"role":"user","content":"hey"}]}"#,
    ));
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(boxed.oneshot(request));
    let response = tasks.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(response.status(), 200);
}

/// The compiler forgets that a `BoxError` in the name of a type is `'static` once an `async` block holds it: the
/// ways around it that the docs of `client` tell, and the plain one without a block.
#[tokio::test(start_paused = true)]
async fn a_client_with_a_boxed_error_fits_into_a_task() {
    async fn ask(_: Request<Payload>) -> Result<Response<Body>, BoxError> {
        let json = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
        Ok(Response::new(Body::from(json)))
    }
    let request = || Request::new(Payload::default());
    let layers = || tower::ServiceBuilder::new().layer(meter::MeterLayer::new());

    // The call itself.
    let boxed = |request| async { ask(request).await };
    let service = layers().service(tower::service_fn(boxed));
    let mut calls = tokio::task::JoinSet::new();
    calls.spawn(service.clone().oneshot(request()));
    // A box around the whole.
    let mut tasks = tokio::task::JoinSet::new();
    let service = tower::util::BoxCloneSyncService::new(service);
    tasks.spawn(async move { service.oneshot(request()).await.map(drop) });
    // A client that returns an `Error`.
    let typed = |request| async { ask(request).await.map_err(Error::from_inner) };
    let service = layers().service(tower::service_fn(typed));
    tasks.spawn(async move { service.oneshot(request()).await.map(drop) });

    assert!(calls.join_next().await.unwrap().unwrap().is_ok());
    for task in tasks.join_all().await {
        assert!(task.is_ok());
    }
}
