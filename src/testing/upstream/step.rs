use std::{num::NonZeroUsize, time::Duration};

use bytes::Bytes;

use super::Tokens;
use crate::testing::script::Mishap;

/// What happens next on the connection?
#[derive(Debug)]
pub(super) enum Step {
    Wait(Duration),
    Send(Piece),
    /// Lets what was sent leave on its own.
    Breathe,
    /// Nothing, ever: until the client leaves.
    Stall,
    Cut,
    Reset,
    Stop,
}

/// Bytes, and what the client is served and told by them: tokens, usage, or that it failed.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    pub(super) served: Tokens,
    pub(super) told: Option<Tokens>,
    pub(super) failed: bool,
}

pub(super) type Steps = Box<dyn Iterator<Item = Step> + Send>;

// === impl Step ===

impl Step {
    /// The step of a mishap that leaves nothing to come.
    pub(super) fn last(mishap: &Mishap) -> Option<Self> {
        match mishap {
            Mishap::Cut => Some(Self::Cut),
            Mishap::Reset => Some(Self::Reset),
            Mishap::Stall => Some(Self::Stall),
            Mishap::Stop => Some(Self::Stop),
            Mishap::Malformed | Mishap::Fail(_) => None,
        }
    }
}

// === impl Piece ===

impl Piece {
    /// An error, which serves nothing.
    pub(super) fn failure(bytes: impl Into<Bytes>) -> Self {
        Self {
            bytes: bytes.into(),
            failed: true,
            ..Self::default()
        }
    }

    /// Sent as it is, or torn; served and told by its last byte.
    pub(super) fn steps(mut self, fragment: Option<NonZeroUsize>) -> Vec<Step> {
        let Some(size) = fragment else {
            return vec![Step::Send(self)];
        };
        let mut steps = Vec::new();
        while self.bytes.len() > size.get() {
            let bytes = self.bytes.split_to(size.get());
            steps.push(Step::Breathe);
            steps.push(Step::Send(Piece {
                bytes,
                ..Piece::default()
            }));
        }
        steps.push(Step::Breathe);
        steps.push(Step::Send(self));
        steps
    }
}
