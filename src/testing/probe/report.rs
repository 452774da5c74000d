use std::fmt;

use super::Tally;

/// What a [`Probe`](super::Probe) found out about a layer.
///
/// ```
/// use http::{Request, Response};
/// use switchtower::testing::{Check, Probe};
/// use tower::layer::util::Identity;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let probe = Probe::new(|_: Request<()>, ask| Ok(Response::new(ask.body(["hello"]))));
/// let report = probe.check(Identity::new(), || Request::new(())).await;
/// assert!(!report.broke(Check::Cancels));
/// println!("{report}; at most {} calls ran at once", report.tally().peak);
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a report that nobody reads proves nothing"]
pub struct Report {
    pub(super) violations: Vec<Violation>,
    pub(super) tally: Tally,
}

/// How a layer broke the contract. See [`Report::violations`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Which rule was broken.
    pub check: Check,
    /// What was going on, and what happened.
    pub story: String,
}

/// Which rule is checked? See [`Report::broke`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// The inner service is called at all, and the call ends.
    Answers,
    /// Every call, later tries included, comes to a clone that has just said it is ready.
    AsksReadiness,
    /// Readiness that was taken is used, not left behind.
    UsesReadiness,
    /// Calls on several clones do not block each other for good, even if the inner service takes
    /// one call at a time.
    RunsTogether,
    /// While the inner service is not ready the call waits, and it goes on once it is ready.
    Waits,
    /// If the inner service fails to become ready, so does the outer one.
    PropagatesRefusal,
    /// A dropped call drops the inner call.
    Cancels,
    /// A dropped response drops the inner body.
    DropsBody,
}

// === impl Report ===

impl Report {
    /// Did the layer keep every rule?
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// Did it break this rule?
    #[must_use]
    pub fn broke(&self, check: Check) -> bool {
        self.violations
            .iter()
            .any(|violation| violation.check == check)
    }

    /// How it broke the contract.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// What the inner services have seen, over all checks.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Panics with the whole report, unless it is clean.
    ///
    /// # Panics
    ///
    /// If the layer broke a rule.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return write!(f, "the layer keeps Tower's contract");
        }
        write!(f, "the layer breaks Tower's contract:")?;
        for Violation { check, story } in &self.violations {
            write!(f, "\n  {check:?}: {story}")?;
        }
        write!(f, "\n  {:?}", self.tally)
    }
}
