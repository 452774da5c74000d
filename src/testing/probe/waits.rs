//! Scenes in which the inner service is not ready.

use std::{pin::pin, sync::Arc};

use tower_service::Service;

use super::{
    Check,
    scene::{Scene, call, for_a_while},
    state::{Readiness, State},
};

// === impl Scene ===

impl<F, R, S, Req> Scene<F, R>
where
    F: Fn(Arc<State>) -> S,
    R: Fn() -> Req,
    S: Service<Req> + Clone,
{
    pub(super) async fn not_yet_ready(&mut self) {
        let (mut outer, state) = self.fresh();
        state.change(|inner| inner.readiness = Readiness::Held);
        let mut answer = pin!(call(&mut outer, (self.request)()));
        let early = for_a_while(answer.as_mut()).await;
        let called = state.tally().calls > 0;
        self.expect(
            !called,
            Check::Waits,
            "it called a service that was not ready",
        );
        match early {
            // Refusing at once is as good as waiting.
            Some(Err(_)) => {}
            Some(Ok(_)) => {
                let story = "it answered for a service that was not ready";
                self.expect(called || self.answers_refusals, Check::Waits, story);
            }
            None => {
                state.change(|inner| inner.readiness = Readiness::Granted);
                let ended = self.within(answer).await.is_some();
                self.expect(
                    ended,
                    Check::Waits,
                    "it did not go on once the service was ready",
                );
            }
        }
        self.close(&state, "not yet ready");
    }

    pub(super) async fn refused_readiness(&mut self) {
        let (mut outer, state) = self.fresh();
        state.change(|inner| inner.readiness = Readiness::Refused);
        let result = self.within(call(&mut outer, (self.request)())).await;
        let called = state.tally().calls > 0;
        let story = "readiness was refused, the inner service was called all the same";
        self.expect(!called, Check::PropagatesRefusal, story);
        match result {
            Some(Err(_)) => {}
            Some(Ok(_)) => {
                let story = "readiness was refused, and nobody was told";
                self.expect(self.answers_refusals, Check::PropagatesRefusal, story);
            }
            None => {
                let story = "readiness was refused, and the call did not end";
                self.expect(false, Check::PropagatesRefusal, story);
            }
        }
        self.close(&state, "readiness refused");
    }
}
