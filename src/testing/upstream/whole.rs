use fastrand::Rng;

use super::{
    asked::Asked,
    spell::{Spell, error_body},
    spoken::Spoken,
    step::{Piece, Step},
};
use crate::testing::{Point, Script, script::Mishap};

/// A JSON answer: what it says, what it takes, and the steps in which it is sent.
pub(super) struct Whole {
    pub(super) length: Option<u64>,
    pub(super) steps: Vec<Step>,
}

// === impl Whole ===

impl Whole {
    pub(super) fn new(script: &Script, asked: &Asked, spell: &Spell, rng: Rng) -> Self {
        let mishap = script
            .mishaps
            .iter()
            .find(|(at, _)| *at != Point::BeforeHeaders);
        let mut answer = Spoken::new(script, asked, rng);
        let mut body = Piece {
            bytes: answer.spelled(script, spell, None),
            ..Piece::default()
        };
        (body.served, body.told) = answer.account(script);
        let mut steps = answer.waits(script);
        let mut length = body.bytes.len();
        match mishap {
            None => steps.extend(body.steps(script.spelling.fragment)),
            Some((Point::After(n), Mishap::Fail(failure))) => {
                answer.truncate(*n, script, asked);
                body.bytes = answer.spelled(script, spell, Some(failure));
                body.failed = true;
                (body.served, body.told) = answer.account(script);
                // An error alone has no room for the usage.
                body.told = body.told.filter(|_| failure.openrouter);
                length = body.bytes.len();
                steps.extend(body.steps(script.spelling.fragment));
            }
            Some((_, Mishap::Fail(failure))) => {
                let body = Piece::failure(error_body(failure));
                length = body.bytes.len();
                steps.extend(body.steps(script.spelling.fragment));
            }
            Some((at, mishap)) => {
                if *at != Point::BeforeBody || matches!(mishap, Mishap::Malformed) {
                    body.bytes.truncate(length / 2);
                    body.told = None;
                    steps.extend(body.steps(script.spelling.fragment));
                }
                if matches!(mishap, Mishap::Malformed | Mishap::Stop) {
                    length = steps.iter().map(sent).sum();
                }
                steps.extend(Step::last(mishap));
            }
        }
        let length = (!script.spelling.chunked).then_some(length as u64);
        Self { length, steps }
    }
}

fn sent(step: &Step) -> usize {
    match step {
        Step::Send(piece) => piece.bytes.len(),
        _ => 0,
    }
}
