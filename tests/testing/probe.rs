//! The contract probe: layers that keep the contract pass, and each way to break it is caught.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use http_body_util::BodyExt;
use switchtower::testing::{Check, Probe, ProbeBody, ProbeService, Report};
use tower::{
    BoxError, Layer, Service, ServiceBuilder, ServiceExt,
    buffer::BufferLayer,
    layer::{layer_fn, util::Identity},
    limit::ConcurrencyLimitLayer,
    load_shed::LoadShedLayer,
    retry::{Policy, RetryLayer},
    timeout::TimeoutLayer,
};

type Req = Request<()>;
type Res = Response<ProbeBody>;
type Inner = ProbeService<Req, Res>;
type Answer<T = Res> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

#[tokio::test(start_paused = true)]
async fn towers_own_layers_pass() {
    check(Identity::new()).await.assert_clean();
    check(ConcurrencyLimitLayer::new(1)).await.assert_clean();
    check(ConcurrencyLimitLayer::new(10)).await.assert_clean();
    check(TimeoutLayer::new(Duration::from_secs(3600)))
        .await
        .assert_clean();
    check(LoadShedLayer::new()).await.assert_clean();
    check(BufferLayer::new(4)).await.assert_clean();
    check(RetryLayer::new(Thrice(3))).await.assert_clean();

    let stack = ServiceBuilder::new()
        .layer(TimeoutLayer::new(Duration::from_secs(3600)))
        .layer(RetryLayer::new(Thrice(3)))
        .layer(ConcurrencyLimitLayer::new(2));
    check(stack).await.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_asks_in_its_future_passes() {
    let report = check(layer_fn(|inner: Inner| AlwaysReady { inner })).await;
    report.assert_clean();
    assert_eq!(report.tally().unready_calls, 0);
    assert!(report.tally().clones > 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_to_an_unready_clone_is_caught() {
    let calls_a_clone = |inner: &mut Inner, request| inner.clone().call(request);
    let report = check(forward(calls_a_clone)).await;
    assert!(report.broke(Check::AsksReadiness), "{report}");
    assert!(report.broke(Check::UsesReadiness), "{report}");
    let panic = std::panic::catch_unwind(|| report.assert_clean()).unwrap_err();
    let panic = panic.downcast_ref::<String>().unwrap();
    assert!(
        panic.contains("AsksReadiness: one after another, 6 of 6 calls came unasked"),
        "{panic}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_does_not_ask_again_is_caught() {
    let hasty = |inner: &mut Inner, _| {
        let first = inner.call(Request::new(()));
        let mut inner = inner.clone();
        Box::pin(async move {
            match first.await {
                Ok(response) => Ok(response),
                Err(_) => inner.call(Request::new(())).await,
            }
        }) as Answer
    };
    let report = check(forward(hasty)).await;
    let broken: Vec<_> = report
        .violations()
        .iter()
        .map(|violation| violation.check)
        .collect();
    assert_eq!(broken, [Check::AsksReadiness], "{report}");
    assert!(
        report.violations()[0]
            .story
            .starts_with("the first call fails, 1 of 2")
    );
}

#[tokio::test(start_paused = true)]
async fn a_spawned_call_that_outlives_its_caller_is_caught() {
    let spawns = |inner: &mut Inner, request| {
        let call = tokio::spawn(inner.call(request));
        Box::pin(async move { call.await? }) as Answer
    };
    let report = check(forward(spawns)).await;
    assert!(report.broke(Check::Cancels), "{report}");
    assert!(!report.broke(Check::AsksReadiness), "{report}");
}

#[tokio::test(start_paused = true)]
async fn swallowed_readiness_errors_are_caught() {
    let report = check(layer_with(|inner: &mut Inner, cx| {
        inner.poll_ready(cx).map(|_| Ok(()))
    }))
    .await;
    assert!(report.broke(Check::PropagatesRefusal), "{report}");
    assert!(!report.broke(Check::Waits), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_place_of_a_refusal_is_caught_unless_allowed() {
    let edge = layer_fn(|inner: Inner| AlwaysReady { inner }.map_result(Ok::<_, BoxError>));
    assert!(check(edge).await.broke(Check::PropagatesRefusal));
    probe()
        .answers_refusals()
        .check(edge, || Request::new(()))
        .await
        .assert_clean();
}

#[tokio::test(start_paused = true)]
async fn pending_readiness_taken_for_ready_is_caught() {
    let report = check(layer_with(|inner: &mut Inner, cx| {
        match inner.poll_ready(cx) {
            Poll::Pending => Poll::Ready(Ok(())),
            asked => asked,
        }
    }))
    .await;
    assert!(report.broke(Check::Waits), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_wake_up_is_caught() {
    let report = check(layer_with(|inner: &mut Inner, _| {
        inner.poll_ready(&mut Context::from_waker(std::task::Waker::noop()))
    }))
    .await;
    assert!(report.broke(Check::Waits), "{report}");
}

#[tokio::test(start_paused = true)]
async fn readiness_that_is_hoarded_is_caught() {
    let hoards = |inner: &mut Inner, request| Box::pin(inner.clone().oneshot(request)) as Answer;
    let report = check(forward(hoards)).await;
    assert!(report.broke(Check::UsesReadiness), "{report}");
    assert!(report.broke(Check::RunsTogether), "{report}");
    assert!(!report.broke(Check::AsksReadiness), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_outlives_its_response_is_caught() {
    let pumps = |inner: &mut Inner, request| {
        let call = inner.call(request);
        Box::pin(async move {
            let body = call.await?.into_body();
            tokio::spawn(body.collect());
            Ok(())
        }) as Answer<()>
    };
    let report = check(forward(pumps)).await;
    assert!(report.broke(Check::DropsBody), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_never_asks_is_caught() {
    let report = check(forward(|_: &mut Inner, _| ready(Ok::<_, BoxError>(())))).await;
    assert!(report.broke(Check::Answers), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_service_of_the_probe_can_be_played_by_hand() {
    let probe = probe();
    probe.hold_readiness();
    let call = tokio::spawn(probe.service().oneshot(Request::new(())));
    probe.until(|tally| tally.polls == 1).await;
    probe.hold_calls();
    assert_eq!(probe.tally().in_flight, 0);
    probe.release();
    let response = call.await.unwrap().unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "hello"
    );
    assert_eq!(
        (probe.tally().bodies_ended, probe.tally().bodies_dropped),
        (1, 1)
    );
    probe.refuse_readiness();
    assert!(probe.service().oneshot(Request::new(())).await.is_err());
}

// Helpers.

fn probe() -> Probe<Req, Res> {
    Probe::new(|_, ask| Ok(Response::new(ask.body(["hel", "lo"]))))
}

async fn check<L>(layer: L) -> Report
where
    L: Layer<Inner>,
    L::Service: Service<Req> + Clone,
{
    probe().check(layer, || Request::new(())).await
}

/// A layer with an honest `poll_ready` and any `call`.
fn forward<C, F, T>(call: C) -> impl Layer<Inner, Service = Forward<C>>
where
    C: FnMut(&mut Inner, Req) -> F + Clone,
    F: Future<Output = Result<T, BoxError>>,
{
    layer_fn(move |inner| Forward {
        inner,
        ready: Inner::poll_ready,
        call: call.clone(),
    })
}

/// A layer with any `poll_ready` and an honest `call`.
fn layer_with(ready: ReadyFn) -> impl Layer<Inner, Service = Forward<CallFn>> {
    layer_fn(move |inner| Forward {
        inner,
        ready,
        call: Inner::call as CallFn,
    })
}

type ReadyFn = fn(&mut Inner, &mut Context<'_>) -> Poll<Result<(), BoxError>>;
type CallFn = fn(&mut Inner, Req) -> <Inner as Service<Req>>::Future;

#[derive(Clone)]
struct Forward<C> {
    inner: Inner,
    ready: ReadyFn,
    call: C,
}

impl<C, F, T> Service<Req> for Forward<C>
where
    C: FnMut(&mut Inner, Req) -> F,
    F: Future<Output = Result<T, BoxError>>,
{
    type Response = T;
    type Error = BoxError;
    type Future = F;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        (self.ready)(&mut self.inner, cx)
    }

    fn call(&mut self, request: Req) -> F {
        (self.call)(&mut self.inner, request)
    }
}

#[derive(Clone)]
struct AlwaysReady {
    inner: Inner,
}

impl Service<Req> for AlwaysReady {
    type Response = Res;
    type Error = BoxError;
    type Future = tower::util::Oneshot<Inner, Req>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        self.inner.clone().oneshot(request)
    }
}

#[derive(Clone)]
struct Thrice(u32);

impl Policy<Req, Res, BoxError> for Thrice {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Req, result: &mut Result<Res, BoxError>) -> Option<Self::Future> {
        self.0 = self.0.checked_sub(1).filter(|_| result.is_err())?;
        Some(ready(()))
    }

    fn clone_request(&mut self, _: &Req) -> Option<Req> {
        Some(Request::new(()))
    }
}
