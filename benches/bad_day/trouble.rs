//! What can be wrong with a provider.

use std::time::Duration;

use switchtower::testing::{Failure, Point, Script, Upstream};

/// In which way does it fail?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    HalfLimited,
    Down,
    Silent,
    Slow,
    Resets,
    CutBefore,
    CutAfter,
    ErrorInside,
}

/// Until the first token of a provider that is well.
const FIRST_TOKEN: Duration = Duration::from_millis(120);
/// Between two tokens.
const BETWEEN: Duration = Duration::from_millis(5);
/// Ten tokens, the same of all: what breaks can be mended by another one that begins anew.
const TEXT: &str = "The quick brown fox said jump over the lazy dog.";
const TOKENS: u64 = 10;

/// A provider that is well.
pub(crate) fn good() -> Script {
    paced(1)
}

fn paced(slow: u32) -> Script {
    Script::new()
        .text(TEXT)
        .first_token(FIRST_TOKEN * slow)
        .between(BETWEEN * slow)
}

// === impl Trouble ===

impl Trouble {
    pub(crate) const ALL: [Self; 8] = [
        Self::HalfLimited,
        Self::Down,
        Self::Silent,
        Self::Slow,
        Self::Resets,
        Self::CutBefore,
        Self::CutAfter,
        Self::ErrorInside,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::HalfLimited => "half of its answers are 429",
            Self::Down => "all are 503",
            Self::Silent => "it accepts and never answers",
            Self::Slow => "ten times slower",
            Self::Resets => "it resets the connection",
            Self::CutBefore => "it ends before the first token",
            Self::CutAfter => "it ends in the middle",
            Self::ErrorInside => "an error inside a 200",
        }
    }

    /// Comes over this provider.
    pub(crate) fn strike(self, upstream: &Upstream) {
        match self {
            Self::HalfLimited => {
                upstream.script_fn(|call| match fastrand::Rng::with_seed(call.number).bool() {
                    true => Script::fail(Failure::rate_limited()),
                    false => good(),
                })
            }
            Self::Down => upstream.script(Script::fail(Failure::overloaded())),
            Self::Silent => upstream.script(good().stall(Point::BeforeHeaders)),
            Self::Slow => upstream.script(paced(10)),
            Self::Resets => upstream.script(good().reset(Point::BeforeHeaders)),
            Self::CutBefore => upstream.script(good().cut(Point::After(0))),
            Self::CutAfter => upstream.script(good().cut(Point::After(TOKENS / 2))),
            Self::ErrorInside => {
                upstream.script(good().fail_at(Point::After(0), Failure::overloaded()));
            }
        }
    }
}
