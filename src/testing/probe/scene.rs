use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};

use tokio::{task::yield_now, time::timeout};
use tower_service::Service;

use super::{Check, Report, Tally, Violation, state::State, woken::Woken};

/// What the scenes of one check have in common.
pub(super) struct Scene<F, R> {
    /// Lays the layer over a fresh inner service.
    pub(super) stage: F,
    pub(super) request: R,
    pub(super) patience: Duration,
    pub(super) answers_refusals: bool,
    pub(super) report: Report,
}

/// Enough turns of the scheduler for what needs no time to have happened.
const TURNS: usize = 64;

/// Asks for readiness, calls, and polls only when woken.
pub(super) fn call<S: Service<Req>, Req>(
    service: &mut S,
    request: Req,
) -> impl Future<Output = Result<S::Response, S::Error>> {
    Woken::new(async move {
        poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(request).await
    })
}

/// Lets other tasks run.
pub(super) async fn a_while() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}

/// Polls for a while. What it comes to, if it does.
pub(super) async fn for_a_while<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    for _ in 0..TURNS {
        tokio::select! {
            biased;
            output = &mut future => return Some(output),
            () = yield_now() => {}
        }
    }
    None
}

// === impl Scene ===

impl<F, R> Scene<F, R> {
    pub(super) fn fresh<S>(&self) -> (S, Arc<State>)
    where
        F: Fn(Arc<State>) -> S,
    {
        let state = Arc::<State>::default();
        ((self.stage)(Arc::clone(&state)), state)
    }

    pub(super) fn expect(&mut self, kept: bool, check: Check, story: &str) {
        if !kept {
            self.report.violations.push(Violation {
                check,
                story: story.to_owned(),
            });
        }
    }

    /// What it comes to within the patience.
    pub(super) async fn within<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        timeout(self.patience, future).await.ok()
    }

    pub(super) async fn comes_true(&self, state: &State, hope: impl Fn(&Tally) -> bool) -> bool {
        self.within(state.until(hope)).await.is_some()
    }

    /// Adds up what the inner service has seen in this scene.
    pub(super) fn close(&mut self, state: &State, scene: &str) {
        let tally = state.tally();
        let story = format!(
            "{scene}, {} of {} calls came unasked",
            tally.unready_calls, tally.calls
        );
        self.expect(tally.unready_calls == 0, Check::AsksReadiness, &story);
        self.report.tally += tally;
    }
}
