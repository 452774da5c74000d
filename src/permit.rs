//! Leave to ask one endpoint, and the duty to say how that went.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::standing::{Breaker, Change, Outcome, Pass, Standing};

/// What `gate` hands to an attempt; the attempt answers for it, once.
#[derive(Debug)]
pub(crate) struct Permit {
    pub(crate) standing: Arc<Standing>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) pass: Pass,
}

// === impl Permit ===

impl Permit {
    pub(crate) fn judge(
        &self,
        outcome: Outcome,
        retry_after: Option<Duration>,
        now: Instant,
    ) -> Option<Change> {
        let circuit = self.standing.circuit();
        circuit.judge(outcome, retry_after, self.pass, &self.breaker, now)
    }

    pub(crate) fn release(&self) {
        self.standing.circuit().release(self.pass);
    }
}
