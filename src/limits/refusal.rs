//! What a caller is told who has no room.

use super::exceeded::Exceeded;
use super::unit::Unit;
use crate::error::Error;
use crate::kind::Kind;

impl From<Exceeded> for Error {
    /// 402 for money, else 429.
    fn from(exceeded: Exceeded) -> Self {
        let kind = match exceeded.level.rule.unit() {
            Unit::Money => Kind::PaymentRequired,
            Unit::Requests | Unit::Tokens | Unit::Concurrency => Kind::LimitReached,
        };
        Self::new(kind, exceeded.to_string())
            .with_retry_after(exceeded.retry_after)
            .with_waiting_helps(exceeded.retry_after.is_some())
            .with_exceeded(exceeded)
    }
}
