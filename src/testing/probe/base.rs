use std::{fmt, sync::Arc, time::Duration};

use tower_layer::Layer;
use tower_service::Service;

use super::{
    Ask, ProbeService, Report, Tally,
    scene::Scene,
    service::{BoxError, Respond},
    state::{Readiness, State},
};

/// Checks whether a layer keeps Tower's contract.
///
/// Each check lays the layer over a fresh [`ProbeService`], which watches how it is used. Layers that
/// share state between services see the checks with failures last; wrap them in
/// `tower::layer::layer_fn` to make them afresh. Use a paused clock if the layer has timers.
///
/// ```
/// use http::{Request, Response};
/// use switchtower::testing::Probe;
/// use tower::limit::ConcurrencyLimitLayer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let probe = Probe::new(|_: Request<()>, ask| Ok(Response::new(ask.body(["hello"]))));
/// let report = probe.check(ConcurrencyLimitLayer::new(1), || Request::new(())).await;
/// report.assert_clean();
/// # }
/// ```
///
/// Or take its [`service`](Self::service) and play a scene of your own:
///
/// ```
/// # use http::{Request, Response};
/// # use switchtower::testing::Probe;
/// use tower::{ServiceExt, timeout::Timeout};
/// # use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let probe = Probe::new(|_: Request<()>, ask| Ok(Response::new(ask.body(["hello"]))));
/// let service = Timeout::new(probe.service(), Duration::from_secs(1));
/// probe.hold_calls();
/// assert!(service.oneshot(Request::new(())).await.is_err());
/// assert_eq!(probe.tally().cancelled, 1);
/// # }
/// ```
pub struct Probe<Req, Res> {
    respond: Arc<Respond<Req, Res>>,
    state: Arc<State>,
    patience: Duration,
    answers_refusals: bool,
}

// === impl Probe ===

impl<Req, Res> Probe<Req, Res> {
    /// How long a check waits, unless set, for what must happen.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// A probe whose inner service answers like this.
    pub fn new(
        respond: impl Fn(Req, &Ask) -> Result<Res, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            respond: Arc::new(respond),
            state: Arc::default(),
            patience: Self::PATIENCE,
            answers_refusals: false,
        }
    }

    /// How long a check waits for what must happen before it reports that it did not.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// For a layer at the edge: it may answer with a response when the inner service is not ready
    /// or fails to become so.
    #[must_use]
    pub fn answers_refusals(mut self) -> Self {
        self.answers_refusals = true;
        self
    }

    /// Checks a layer. The requests that it makes should be ones that the layer lets pass.
    pub async fn check<L>(&self, layer: L, request: impl Fn() -> Req) -> Report
    where
        L: Layer<ProbeService<Req, Res>>,
        L::Service: Service<Req> + Clone,
    {
        let inner = |state| layer.layer(ProbeService::new(Arc::clone(&self.respond), state));
        let scene = Scene {
            stage: inner,
            request,
            patience: self.patience,
            answers_refusals: self.answers_refusals,
            report: Report::default(),
        };
        scene.play_all().await
    }

    /// An inner service; all those of one probe share its tally.
    #[must_use]
    pub fn service(&self) -> ProbeService<Req, Res> {
        ProbeService::new(Arc::clone(&self.respond), Arc::clone(&self.state))
    }

    /// What the [services](Self::service) have seen.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.state.tally()
    }

    /// Waits until the [services](Self::service) have seen enough.
    pub async fn until(&self, enough: impl Fn(&Tally) -> bool) {
        self.state.until(enough).await;
    }

    /// From now on the services are not ready.
    pub fn hold_readiness(&self) {
        self.state.change(|inner| inner.readiness = Readiness::Held);
    }

    /// From now on the services fail to become ready.
    pub fn refuse_readiness(&self) {
        self.state
            .change(|inner| inner.readiness = Readiness::Refused);
    }

    /// From now on calls do not end.
    pub fn hold_calls(&self) {
        self.state.change(|inner| inner.calls_held = true);
    }

    /// From now on bodies do not end.
    pub fn hold_bodies(&self) {
        self.state.change(|inner| inner.bodies_held = true);
    }

    /// From now on this many clones can be ready or called at once.
    pub fn limit_to(&self, capacity: u64) {
        self.state.change(|inner| inner.capacity = Some(capacity));
    }

    /// The first calls fail, this many.
    pub fn fail_first(&self, calls: u64) {
        self.state.change(|inner| inner.failures = calls);
    }

    /// Lets go of all that is held, refused or limited.
    pub fn release(&self) {
        self.state.change(|inner| {
            inner.readiness = Readiness::Granted;
            inner.calls_held = false;
            inner.bodies_held = false;
            inner.capacity = None;
        });
    }
}

impl<Req, Res> fmt::Debug for Probe<Req, Res> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
