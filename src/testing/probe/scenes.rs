use std::sync::Arc;

use tower_service::Service;

use super::{Report, scene::Scene, state::State};

// === impl Scene ===

impl<F, R, S, Req> Scene<F, R>
where
    F: Fn(Arc<State>) -> S,
    R: Fn() -> Req,
    S: Service<Req> + Clone,
{
    /// Plays every scene; those in which the inner service fails come last.
    pub(super) async fn play_all(mut self) -> Report {
        self.one_after_another().await;
        self.two_together().await;
        self.one_at_a_time().await;
        self.not_yet_ready().await;
        self.dropped_call().await;
        self.dropped_before_ready().await;
        self.dropped_response().await;
        self.failed_call().await;
        self.refused_readiness().await;
        self.report
    }
}
