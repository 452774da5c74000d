use fastrand::Rng;

use super::{
    asked::Asked,
    deltas::{Delta, Deltas},
    pen::Pen,
    spell::Spell,
    step::Step,
    turn,
};
use crate::testing::{
    Point, Script, UsageManner,
    script::{Finish, Mishap},
};

/// The steps of a streamed answer, made one token ahead of the client.
pub(super) struct Stream {
    script: Script,
    deltas: Deltas,
    choices: u32,
    sent: u64,
    stage: Stage,
    pen: Pen,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Opening,
    Talking,
    Finishing,
    Closing,
    Stalled,
    Over,
}

// === impl Stream ===

impl Stream {
    pub(super) fn new(script: Script, asked: &Asked, spell: Spell, rng: Rng) -> Self {
        Self {
            deltas: Deltas::new(&script.answer, asked.limit, rng),
            choices: script.answer.choice_count(asked.choices),
            pen: Pen::new(&script, asked, spell),
            script,
            sent: 0,
            stage: Stage::Opening,
        }
    }

    fn open(&mut self) {
        self.stage = Stage::Talking;
        if self.strike(Point::BeforeBody) {
            return;
        }
        for _ in 0..self.script.pace.comments {
            self.pen.comment();
        }
        for index in (0..self.choices).filter(|_| !self.script.spelling.no_role) {
            if let Some(choice) = turn::opening(&self.pen.spell, index) {
                self.pen.chunk(vec![choice], Default::default());
            }
        }
        self.strike(Point::After(0));
    }

    fn talk(&mut self) {
        let pace = &self.script.pace;
        let wait = if self.sent == 0 {
            pace.first_token
        } else {
            pace.between
        };
        match self.deltas.next() {
            Some(delta) => {
                self.pen.wait(wait);
                self.say(&delta);
            }
            None => self.stage = Stage::Finishing,
        }
    }

    fn say(&mut self, delta: &Delta) {
        for index in 0..self.choices {
            if self.script.pace.comment_each {
                self.pen.comment();
            }
            let as_content = self.script.answer.reasoning_content;
            let choice = turn::part(&self.pen.spell, index, delta, as_content);
            let served = self.pen.tally.token(delta.reasoning().is_some());
            self.pen.chunk(vec![choice], served);
            self.sent += 1;
            if self.strike(Point::After(self.sent)) {
                return;
            }
        }
    }

    fn finish(&mut self) {
        self.stage = Stage::Closing;
        let Some(reason) = turn::finish_reason(&self.script.answer, &self.deltas) else {
            return;
        };
        for index in 0..self.choices {
            let served = self.pen.tally.prompt();
            let choice = turn::closing(&self.pen.spell, index, &reason);
            let last = index + 1 == self.choices;
            if last && self.pen.usage == UsageManner::OnLastContent {
                self.pen.tell(vec![choice], served);
            } else {
                self.pen.chunk(vec![choice], served);
            }
        }
    }

    fn close(&mut self) {
        self.stage = Stage::Over;
        let untold = match self.pen.usage {
            UsageManner::Asked | UsageManner::Never | UsageManner::EveryChunk => false,
            UsageManner::OnLastContent => matches!(self.script.answer.finish, Finish::Missing),
            UsageManner::Always
            | UsageManner::NullEveryChunkThenReal
            | UsageManner::ExplicitZero => true,
        };
        if untold {
            let served = self.pen.tally.prompt();
            self.pen.tell(Vec::new(), served);
        }
        self.pen.done();
    }

    /// Lets happen what goes wrong here. Is it the end?
    fn strike(&mut self, point: Point) -> bool {
        for mishap in self.script.mishaps_at(point) {
            self.stage = Stage::Over;
            match mishap {
                Mishap::Stall => self.stage = Stage::Stalled,
                Mishap::Fail(failure) => self.pen.fail(failure),
                Mishap::Malformed => {
                    self.stage = Stage::Talking;
                    self.pen.aside(self.pen.spell.malformed());
                    continue;
                }
                Mishap::Cut => self.pen.step(Step::Cut),
                Mishap::Reset => self.pen.step(Step::Reset),
                Mishap::Stop => self.pen.step(Step::Stop),
            }
            return true;
        }
        false
    }
}

impl Iterator for Stream {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.pen.next() {
                return Some(step);
            }
            match self.stage {
                Stage::Opening => self.open(),
                Stage::Talking => self.talk(),
                Stage::Finishing => self.finish(),
                Stage::Closing => self.close(),
                Stage::Stalled => self.pen.stall(),
                Stage::Over => return None,
            }
        }
    }
}
