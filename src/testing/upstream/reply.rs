use std::num::NonZeroUsize;

use fastrand::Rng;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};

use super::{
    asked::Asked,
    plain,
    route::Route,
    spell::{Spell, error_body},
    step::{Piece, Step, Steps},
    stream::Stream,
    whole::Whole,
};
use crate::testing::{Failure, Point, Script, script::Mishap};

/// All that is to happen to one call.
pub(super) struct Reply {
    pub(super) before: Vec<Step>,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) length: Option<u64>,
    pub(super) steps: Steps,
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

// === impl Reply ===

impl Reply {
    /// What the script makes of the request.
    pub(super) fn new(script: Script, route: Route, asked: &Asked, number: u64, seed: u64) -> Self {
        let pace = &script.pace;
        let mut before = Vec::new();
        if !pace.latency.is_zero() {
            before.push(Step::Wait(pace.latency));
        }
        for mishap in script.mishaps_at(Point::BeforeHeaders) {
            if let Mishap::Fail(failure) = mishap {
                return Self {
                    before,
                    ..Self::failure(failure)
                }
                .spelled(&script);
            }
            before.extend(Step::last(mishap));
        }
        let reply = Self {
            before,
            ..Self::answer(&script, route, asked, number, seed)
        };
        reply.spelled(&script)
    }

    /// An error status.
    pub(super) fn failure(failure: &Failure) -> Self {
        let reply = Self::json(Piece::failure(error_body(failure)), None);
        Self {
            status: failure.status,
            ..reply
        }
    }

    /// A 200 with this JSON.
    pub(super) fn json(piece: Piece, fragment: Option<NonZeroUsize>) -> Self {
        let length = Some(piece.bytes.len() as u64);
        Self::ok(JSON, length, Box::new(piece.steps(fragment).into_iter()))
    }

    fn answer(script: &Script, route: Route, asked: &Asked, number: u64, seed: u64) -> Self {
        if let Some(raw) = &script.spelling.raw {
            let piece = Piece {
                bytes: raw.clone(),
                ..Piece::default()
            };
            let steps = piece.steps(script.spelling.fragment);
            return Self::ok(HTML, Some(raw.len() as u64), Box::new(steps.into_iter()));
        }
        if route == Route::Embeddings {
            let piece = plain::embeddings(script, asked, seed);
            return Self::json(piece, script.spelling.fragment);
        }
        let spell = Spell::new(route, asked, &script.spelling, number, seed);
        let rng = Rng::with_seed(seed.wrapping_add(number));
        if asked.stream {
            let steps = Stream::new(script.clone(), asked, spell, rng);
            return Self::ok(EVENTS, None, Box::new(steps));
        }
        let Whole { length, steps } = Whole::new(script, asked, &spell, rng);
        Self::ok(JSON, length, Box::new(steps.into_iter()))
    }

    fn ok(content_type: HeaderValue, length: Option<u64>, steps: Steps) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type)]);
        Self {
            before: Vec::new(),
            status: StatusCode::OK,
            headers,
            length,
            steps,
        }
    }

    /// With the script's own headers.
    fn spelled(mut self, script: &Script) -> Self {
        if let Some(value) = &script.spelling.content_type {
            self.headers.insert(CONTENT_TYPE, value.clone());
        }
        self.headers.extend(script.headers.clone());
        self
    }
}
