use std::sync::Arc;

use tokio::time::Instant;

use super::{Ending, Entry, Tokens, state::State, step::Piece};

/// What one call has been served so far; booked exactly once, at the latest when it is dropped.
#[derive(Debug)]
pub(super) struct Account {
    state: Arc<State>,
    call: u64,
    began: Instant,
    served: Tokens,
    told: Option<Tokens>,
    failed: bool,
    booked: bool,
}

// === impl Account ===

impl Account {
    pub(super) fn open(state: Arc<State>, call: u64, began: Instant) -> Self {
        Self {
            state,
            call,
            began,
            served: Tokens::default(),
            told: None,
            failed: false,
            booked: false,
        }
    }

    pub(super) fn serve(&mut self, piece: &Piece) {
        self.served += piece.served;
        self.told = piece.told.or(self.told);
        self.failed |= piece.failed;
    }

    pub(super) fn book(&mut self, ending: Ending) {
        if !self.booked {
            self.booked = true;
            self.state.end(Entry {
                call: self.call,
                served: self.served,
                told: self.told,
                failed: self.failed,
                ending,
                femtodollars: 0,
            });
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if self.booked {
            return;
        }
        let now = Instant::now();
        let left = Ending::ClientLeft {
            after: now - self.began,
            at: now.into_std(),
        };
        let ending = if self.state.is_closing() {
            Ending::ShutDown
        } else {
            left
        };
        self.book(ending);
    }
}
