//! Which limits are nearest?

use super::exceeded::Exceeded;
use super::level::Level;
use super::taken::Taken;
use super::unit::Unit;

/// Of requests and of tokens each, the limit of which the smallest share is left: what an answer tells in its headers.
///
/// [`quota`](crate::admit::quota) puts it into the extensions of the response, and into errors:
/// [`Error::nearest`](crate::Error::nearest).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nearest {
    /// Of requests.
    pub requests: Option<Level>,
    /// Of tokens.
    pub tokens: Option<Level>,
}

// === impl Nearest ===

impl Nearest {
    /// As it was when this was taken.
    #[must_use]
    pub fn of(taken: &Taken) -> Self {
        Self {
            requests: taken.nearest(Unit::Requests).cloned(),
            tokens: taken.nearest(Unit::Tokens).cloned(),
        }
    }

    /// The one of them of which the smaller share is left.
    #[must_use]
    pub fn of_all(&self) -> Option<&Level> {
        let both = [&self.requests, &self.tokens].into_iter().flatten();
        both.reduce(|one, other| if other.is_nearer(one) { other } else { one })
    }
}

// === impl Exceeded ===

impl Exceeded {
    /// The limit that leaves no room, if it is one of requests or tokens.
    #[must_use]
    pub fn nearest(&self) -> Nearest {
        let level = Some(self.level.clone());
        match self.level.rule.unit() {
            Unit::Requests => Nearest {
                requests: level,
                tokens: None,
            },
            Unit::Tokens => Nearest {
                requests: None,
                tokens: level,
            },
            Unit::Money | Unit::Concurrency => Nearest::default(),
        }
    }
}
