use http::HeaderMap;

use super::{Answer, Mishap, Pace, Point, Spelling, UsageManner};

/// What an upstream does with one call.
///
/// ```
/// use std::time::Duration;
/// use switchtower::testing::{Point, Script, UsageManner};
///
/// // Ten tokens, twenty milliseconds apart, with a connection that breaks after the fourth.
/// let script = Script::new()
///     .tokens(10)
///     .between(Duration::from_millis(20))
///     .usage(UsageManner::Always)
///     .cut(Point::After(4));
/// # let _ = script;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(crate) answer: Answer,
    pub(crate) pace: Pace,
    pub(crate) spelling: Spelling,
    pub(crate) usage: UsageManner,
    pub(crate) mishaps: Vec<(Point, Mishap)>,
    pub(crate) headers: HeaderMap,
}

// === impl Script ===

impl Script {
    /// A plausible answer, given at once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// When does the answer tell how many tokens it took? [`UsageManner::Asked`] unless set.
    ///
    /// ```
    /// use switchtower::testing::{Script, UsageManner};
    /// let silent = Script::new().usage(UsageManner::Never);
    /// # let _ = silent;
    /// ```
    #[must_use]
    pub fn usage(mut self, manner: UsageManner) -> Self {
        self.usage = manner;
        self
    }
}
