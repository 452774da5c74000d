//! Scenes in which calls are made and end.

use std::{pin::pin, sync::Arc};

use tower_service::Service;

use super::{
    Check,
    scene::{Scene, call, for_a_while},
    state::State,
};

// === impl Scene ===

impl<F, R, S, Req> Scene<F, R>
where
    F: Fn(Arc<State>) -> S,
    R: Fn() -> Req,
    S: Service<Req> + Clone,
{
    pub(super) async fn one_after_another(&mut self) {
        let (mut outer, state) = self.fresh();
        let mut clone = outer.clone();
        for service in [&mut outer, &mut clone] {
            for _ in 0..3 {
                let ended = self.within(call(service, (self.request)())).await.is_some();
                self.expect(ended, Check::Answers, "a call did not end");
                let idle = state.tally().reserved == 0;
                self.expect(
                    idle,
                    Check::UsesReadiness,
                    "after a call, a clone was left ready",
                );
            }
        }
        let called = state.tally().calls > 0;
        self.expect(called, Check::Answers, "the inner service was never called");
        self.close(&state, "one after another");
    }

    pub(super) async fn two_together(&mut self) {
        let (outer, state) = self.fresh();
        state.change(|inner| inner.calls_held = true);
        let (mut one, mut two) = (outer.clone(), outer);
        let requests = ((self.request)(), (self.request)());
        let both = async { tokio::join!(call(&mut one, requests.0), call(&mut two, requests.1)) };
        let mut both = pin!(both);
        let early = for_a_while(both.as_mut()).await.is_some();
        state.change(|inner| inner.calls_held = false);
        let ended = early || self.within(both).await.is_some();
        self.expect(
            ended,
            Check::RunsTogether,
            "two calls on two clones did not end",
        );
        self.close(&state, "two together");
    }

    pub(super) async fn one_at_a_time(&mut self) {
        let (mut outer, state) = self.fresh();
        state.change(|inner| inner.capacity = Some(1));
        let mut clones = (outer.clone(), outer.clone());
        let all = async {
            let _ = call(&mut outer, (self.request)()).await;
            let _ = call(&mut outer, (self.request)()).await;
            let one = call(&mut clones.0, (self.request)());
            let two = call(&mut clones.1, (self.request)());
            tokio::join!(one, two)
        };
        let ended = self.within(all).await.is_some();
        let story = "where one call is taken at a time, calls blocked each other";
        self.expect(ended, Check::RunsTogether, story);
        self.close(&state, "one at a time");
    }

    pub(super) async fn failed_call(&mut self) {
        let (mut outer, state) = self.fresh();
        state.change(|inner| inner.failures = 1);
        let ended = self
            .within(call(&mut outer, (self.request)()))
            .await
            .is_some();
        self.expect(
            ended,
            Check::Answers,
            "after the inner call had failed, the call did not end",
        );
        let idle = state.tally().reserved == 0;
        self.expect(
            idle,
            Check::UsesReadiness,
            "after a failure, a clone was left ready",
        );
        self.close(&state, "the first call fails");
    }
}
