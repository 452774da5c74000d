use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use http::Request;
use http::header::HeaderName;
use tower_service::Service;

use super::ask::Ask;
use super::layer::ChooseLayer;
use super::planner::plan;
use crate::call::Call;
use crate::clock::now;
use crate::early::{Early, let_go};
use crate::error::{BoxError, Error};
use crate::payload::Payload;
use crate::plan::Plan;
use crate::standing::Need;
use crate::telemetry;

/// Plans a request. See the [module docs](super).
///
/// # Clone
///
/// A clone carries no readiness. All clones draw from one sequence.
#[derive(Clone, Debug)]
pub struct Choose<S> {
    inner: S,
    shared: Arc<Shared>,
}

/// What all clones share.
#[derive(Debug)]
struct Shared {
    settings: ChooseLayer,
    requests: AtomicU64,
}

/// The name of a conversation, for who cannot put it into the body.
static SESSION: HeaderName = HeaderName::from_static("x-session-id");

// === impl Choose ===

impl<S> Choose<S> {
    pub(super) fn new(inner: S, settings: ChooseLayer) -> Self {
        let shared = Arc::new(Shared {
            settings,
            requests: AtomicU64::new(0),
        });
        Self { inner, shared }
    }
}

impl<S> Service<Request<Payload>> for Choose<S>
where
    S: Service<Request<Payload>> + Clone,
    S::Error: Into<BoxError> + 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Future = Early<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_inner)
    }

    #[inline]
    fn call(&mut self, mut request: Request<Payload>) -> Self::Future {
        let Shared { settings, requests } = &*self.shared;
        let seed = settings.seed.wrapping_add(requests.fetch_add(1, Relaxed));
        let call = Call::of(request.extensions_mut()).clone();
        call.hear(request.body());
        let now = now();
        let mut ask = Ask::new(request.body(), seed, now).wall(call.wall_at(now));
        if let Some(caller) = call.caller() {
            ask = ask.caller(caller);
        }
        // One look at each name is cheaper than to ask for one that is rarely there.
        let mut headers = request.headers().iter();
        if let Some((_, session)) = headers.find(|(name, _)| *name == SESSION) {
            ask = ask.session(session.as_bytes());
        }
        if let Some(sticky) = &settings.sticky {
            ask = ask.sticky(sticky);
        }
        let text = request.body().view().text_bytes();
        let plan = settings.roster.with(|lineup| plan(&ask, lineup));
        // From here on the headers are the call's, so that a retry clones none.
        let headers = std::mem::take(request.headers_mut());
        call.set_headers(headers);
        match plan {
            Ok(plan) => {
                call.expect(need(call.need(), text, &plan));
                call.set_plan(plan);
            }
            Err(refusal) => {
                let_go(&mut self.inner);
                return Early::refuse(refusal);
            }
        }
        telemetry::planned(&call);
        Early::Admitted(self.inner.call(request))
    }
}

/// What is expected, now that it is known whose tokens are counted. Where nobody has read the body, it stays nothing.
fn need(before: Need, text: u64, plan: &Plan) -> Need {
    match plan.candidates.first() {
        Some(first) if before.input > 0 => Need {
            input: first.standing.density().tokens(text),
            ..before
        },
        _ => before,
    }
}
