use bytes::Bytes;
use fastrand::Rng;

use super::{
    asked::Asked,
    route::Route,
    shapes::{Choice, Completion, Envelope, Error, Metadata, Usage},
};
use crate::testing::{Failure, script::Spelling};

/// When the first call of every upstream was answered: the same in each run, so that answers are too.
const EPOCH: u64 = 1_750_000_000;

/// How one answer is spelled: what all its chunks have in common.
#[derive(Clone, Debug)]
pub(super) struct Spell {
    pub(super) route: Route,
    id: String,
    model: String,
    created: u64,
    fingerprint: String,
    newline: &'static str,
    data: &'static str,
}

// === impl Spell ===

impl Spell {
    pub(super) fn new(
        route: Route,
        asked: &Asked,
        spelling: &Spelling,
        number: u64,
        seed: u64,
    ) -> Self {
        let mut rng = Rng::with_seed(seed ^ number.rotate_left(32));
        let id: String = std::iter::repeat_with(|| rng.alphanumeric())
            .take(29)
            .collect();
        Self {
            route,
            id: format!("{}-{id}", route.names().0),
            model: asked.model.clone(),
            created: EPOCH + number,
            fingerprint: format!("fp_{:010x}", seed & 0xff_ffff_ffff),
            newline: if spelling.crlf { "\r\n" } else { "\n" },
            data: if spelling.bare_data {
                "data:"
            } else {
                "data: "
            },
        }
    }

    pub(super) fn chunk(&self, choices: Vec<Choice<'_>>, usage: Option<Option<Usage>>) -> Bytes {
        self.event(&json(&self.completion(
            self.route.names().2,
            None,
            choices,
            usage,
        )))
    }

    pub(super) fn whole(&self, choices: Vec<Choice<'_>>, usage: Option<Usage>) -> Bytes {
        json(&self.completion(self.route.names().1, None, choices, usage.map(Some))).into()
    }

    pub(super) fn done(&self) -> Bytes {
        self.event(b"[DONE]")
    }

    pub(super) fn comment(&self) -> Bytes {
        format!(": OPENROUTER PROCESSING{0}{0}", self.newline).into()
    }

    pub(super) fn malformed(&self) -> Bytes {
        self.event(br#"{"id":"chatcmpl-broken","choices":[{"index":0,"delta":{"cont"#)
    }

    /// An error as an event of a stream.
    pub(super) fn error_event(&self, failure: &Failure) -> Bytes {
        if !failure.openrouter {
            return self.event(&error_body(failure));
        }
        let choice = Choice {
            delta: Some(super::shapes::Message {
                content: Some(Some(String::new())),
                ..Default::default()
            }),
            finish_reason: Some("error"),
            ..Choice::default()
        };
        let error = Some(error(failure));
        self.event(&json(&self.completion(
            self.route.names().2,
            error,
            vec![choice],
            None,
        )))
    }

    fn completion<'a>(
        &'a self,
        object: &'static str,
        error: Option<Error<'a>>,
        choices: Vec<Choice<'a>>,
        usage: Option<Option<Usage>>,
    ) -> Completion<'a> {
        Completion {
            id: &self.id,
            object,
            created: self.created,
            model: &self.model,
            system_fingerprint: (self.route == Route::Chat).then_some(&self.fingerprint),
            error,
            choices,
            usage,
        }
    }

    fn event(&self, data: &[u8]) -> Bytes {
        let (head, end) = (self.data.as_bytes(), self.newline.as_bytes());
        [head, data, end, end].concat().into()
    }
}

pub(super) fn error(failure: &Failure) -> Error<'_> {
    if failure.openrouter {
        let metadata = Metadata {
            error_type: &failure.kind,
        };
        return Error::OpenRouter {
            code: failure.status.as_u16(),
            message: &failure.message,
            metadata,
        };
    }
    Error::OpenAi {
        message: &failure.message,
        kind: &failure.kind,
        param: failure.param.as_deref(),
        code: failure.code.as_deref(),
    }
}

pub(super) fn error_body(failure: &Failure) -> Vec<u8> {
    json(&Envelope {
        error: error(failure),
    })
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("these shapes are JSON")
}
