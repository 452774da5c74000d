use std::{collections::VecDeque, fmt, sync::Arc};

use super::Seen;
use crate::testing::Script;

/// Which script is for the next call?
pub(super) struct Cues {
    queue: VecDeque<Script>,
    standing: Arc<Choose>,
}

type Choose = dyn Fn(&Seen) -> Script + Send + Sync;

/// A script, or what has to be asked for one once the lock is released.
pub(super) enum Cue {
    Queued(Box<Script>),
    Standing(Arc<Choose>),
}

// === impl Cues ===

impl Cues {
    pub(super) fn queue(&mut self, script: Script) {
        self.queue.push_back(script);
    }

    pub(super) fn stand(&mut self, choose: impl Fn(&Seen) -> Script + Send + Sync + 'static) {
        self.standing = Arc::new(choose);
    }

    pub(super) fn next(&mut self) -> Cue {
        let standing = || Cue::Standing(Arc::clone(&self.standing));
        self.queue
            .pop_front()
            .map_or_else(standing, |script| Cue::Queued(Box::new(script)))
    }
}

impl Default for Cues {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            standing: Arc::new(|_| Script::default()),
        }
    }
}

impl fmt::Debug for Cues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cues")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

// === impl Cue ===

impl Cue {
    pub(super) fn script(self, seen: &Seen) -> Script {
        match self {
            Self::Queued(script) => *script,
            Self::Standing(choose) => choose(seen),
        }
    }
}
