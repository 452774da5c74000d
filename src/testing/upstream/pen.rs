use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::{
    Tokens,
    asked::Asked,
    shapes::Choice,
    spell::Spell,
    step::{Piece, Step},
    tally::Tally,
};
use crate::testing::{
    Failure, Script, UsageManner,
    script::{Pace, Spelling},
};

/// Writes the events of a stream as steps, and tells usage in its script's manner.
pub(super) struct Pen {
    pub(super) spell: Spell,
    pub(super) tally: Tally,
    pub(super) usage: UsageManner,
    pace: Pace,
    spelling: Spelling,
    steps: VecDeque<Step>,
}

// === impl Pen ===

impl Pen {
    pub(super) fn new(script: &Script, asked: &Asked, spell: Spell) -> Self {
        let usage = match script.usage {
            UsageManner::Asked if asked.include_usage => UsageManner::Always,
            UsageManner::Asked => UsageManner::Never,
            manner => manner,
        };
        Self {
            spell,
            tally: Tally::new(&script.answer, asked),
            usage,
            pace: script.pace.clone(),
            spelling: script.spelling.clone(),
            steps: VecDeque::new(),
        }
    }

    pub(super) fn next(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    pub(super) fn chunk(&mut self, choices: Vec<Choice<'_>>, served: Tokens) {
        match self.usage {
            UsageManner::EveryChunk => self.tell(choices, served),
            manner => {
                let null = manner == UsageManner::NullEveryChunkThenReal;
                let bytes = self.spell.chunk(choices, null.then_some(None));
                self.send(bytes, served, None);
            }
        }
    }

    /// A chunk with usage.
    pub(super) fn tell(&mut self, choices: Vec<Choice<'_>>, served: Tokens) {
        let told = match self.usage {
            UsageManner::ExplicitZero => Tokens::default(),
            _ => self.tally.served(),
        };
        let bytes = self.spell.chunk(choices, Some(Some(told.into())));
        self.send(bytes, served, Some(told));
    }

    pub(super) fn comment(&mut self) {
        self.aside(self.spell.comment());
    }

    pub(super) fn done(&mut self) {
        if !self.spelling.no_done {
            self.aside(self.spell.done());
        }
    }

    /// An event that serves nothing.
    pub(super) fn aside(&mut self, bytes: Bytes) {
        self.send(bytes, Tokens::default(), None);
    }

    /// An error inside the stream.
    pub(super) fn fail(&mut self, failure: &Failure) {
        self.piece(Piece::failure(self.spell.error_event(failure)));
        self.done();
    }

    pub(super) fn step(&mut self, step: Step) {
        self.steps.push_back(step);
    }

    pub(super) fn wait(&mut self, mut wait: Duration) {
        if let Some(every) = self.pace.keep_alive {
            while wait > every {
                self.step(Step::Wait(every));
                self.comment();
                wait -= every;
            }
        }
        if !wait.is_zero() {
            self.step(Step::Wait(wait));
        }
    }

    pub(super) fn stall(&mut self) {
        match self.pace.keep_alive {
            Some(every) => {
                self.step(Step::Wait(every));
                self.comment();
            }
            None => self.step(Step::Stall),
        }
    }

    fn send(&mut self, bytes: Bytes, served: Tokens, told: Option<Tokens>) {
        self.piece(Piece {
            bytes,
            served,
            told,
            failed: false,
        });
    }

    fn piece(&mut self, piece: Piece) {
        self.steps.extend(piece.steps(self.spelling.fragment));
    }
}
