//! Scenes in which the caller loses interest.

use std::{pin::pin, sync::Arc};

use tower_service::Service;

use super::{
    Check, Tally,
    scene::{Scene, a_while, call, for_a_while},
    state::{Readiness, State},
};

// === impl Scene ===

impl<F, R, S, Req> Scene<F, R>
where
    F: Fn(Arc<State>) -> S,
    R: Fn() -> Req,
    S: Service<Req> + Clone,
{
    pub(super) async fn dropped_call(&mut self) {
        let (mut outer, state) = self.fresh();
        state.change(|inner| inner.calls_held = true);
        {
            let mut answer = pin!(call(&mut outer, (self.request)()));
            tokio::select! {
                biased;
                _ = &mut answer => {}
                _ = self.comes_true(&state, |tally| tally.in_flight > 0) => {}
            }
        }
        let cancelled = self.comes_true(&state, |tally| tally.in_flight == 0).await;
        self.expect(
            cancelled,
            Check::Cancels,
            "the call was dropped, the inner call went on",
        );
        self.close(&state, "dropped in flight");
    }

    pub(super) async fn dropped_before_ready(&mut self) {
        let (mut outer, state) = self.fresh();
        state.change(|inner| inner.readiness = Readiness::Held);
        let _ = for_a_while(pin!(call(&mut outer, (self.request)()))).await;
        state.change(|inner| inner.readiness = Readiness::Granted);
        a_while().await;
        let called = state.tally().calls > 0;
        let story =
            "the call was dropped while it waited, the inner service was called all the same";
        self.expect(!called, Check::Cancels, story);
        self.close(&state, "dropped before ready");
    }

    pub(super) async fn dropped_response(&mut self) {
        let (mut outer, state) = self.fresh();
        state.change(|inner| inner.bodies_held = true);
        {
            let mut answer = pin!(call(&mut outer, (self.request)()));
            tokio::select! {
                biased;
                _ = &mut answer => {}
                _ = self.comes_true(&state, |tally| tally.bodies_stalled > 0) => {}
            }
        }
        let dropped = |tally: &Tally| tally.bodies_dropped == tally.bodies;
        let dropped = self.comes_true(&state, dropped).await;
        self.expect(
            dropped,
            Check::DropsBody,
            "the response was dropped, its body lived on",
        );
        self.close(&state, "dropped response");
    }
}
