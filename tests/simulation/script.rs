//! What an upstream does with one call: drawn from the seed, the request and the call's place in it alone, so that a
//! request meets the same upstreams in every replay.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;

use crate::answer::{self, Asked};
use crate::book::State;
use crate::world::{Provider, Rate, pick, tailed};

/// What is going to go wrong?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Fault {
    Nothing,
    /// All takes a hundred times as long.
    Slow,
    /// No connection.
    Connect,
    /// The connection breaks before the headers.
    Reset,
    /// Not even headers come, ever.
    Silent,
    Status(u16),
    /// 429 or 503, with a `Retry-After`.
    RetryAfter(u16),
    TooLong,
    Refused,
    /// Our key is told to be wrong, and repeated.
    BadKey,
    /// An error document under a 200.
    ErrorBody,
    /// A page of some proxy under a 200.
    Html,
    Empty,
    /// A document where a stream was asked for, or the other way.
    WrongForm,
    /// An error event, or an error document.
    Error(At),
    /// The transfer ends as if all were well.
    Cut(At),
    /// The connection breaks.
    Break(At),
    /// Nothing more comes, and no end.
    Stall(At),
    /// Something that is no JSON.
    Malformed(At),
    NoDone,
    NoFinish,
    /// It takes no more calls with this key for now.
    OverRate,
}

/// Where in the answer?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum At {
    /// After the headers, before any content.
    Before,
    Amid,
    /// After the finish reason.
    After,
}

/// What comes next in a body?
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Wait(Duration),
    /// Bytes, and how far the answer has come with them.
    Send(Bytes, State),
    Break,
    Hang,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) fault: Fault,
    /// How long after the call the headers come.
    pub(crate) headers_after: Duration,
    /// None where the call itself fails, or where nothing ever comes.
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) steps: Vec<Step>,
    /// Does the body know where it ends, as one with a `Content-Length` does?
    pub(crate) sized: bool,
    pub(crate) full: [String; 2],
    pub(crate) document: Option<Bytes>,
}

const PLACES: [At; 3] = [At::Before, At::Amid, At::After];

// === impl Fault ===

impl Fault {
    fn draw(random: &mut Rng) -> Self {
        let at = pick(random, &PLACES);
        match random.u8(..40) {
            0 => Self::Slow,
            1 | 2 => Self::Connect,
            3 => Self::Reset,
            4 => Self::Silent,
            5..=9 => Self::Status(pick(
                random,
                &[400, 404, 402, 403, 500, 500, 502, 503, 529, 429, 418],
            )),
            10..=13 => Self::RetryAfter(pick(random, &[429, 429, 503])),
            14 => Self::TooLong,
            15 => Self::Refused,
            16 => Self::BadKey,
            17 => Self::ErrorBody,
            18 => Self::Html,
            19 => Self::Empty,
            20 => Self::WrongForm,
            21..=24 => Self::Error(at),
            25..=27 => Self::Cut(at),
            28..=31 => Self::Break(at),
            32..=34 => Self::Stall(at),
            35 | 36 => Self::Malformed(at),
            37 | 38 => Self::NoDone,
            _ => Self::NoFinish,
        }
    }
}

// === impl Script ===

impl Script {
    /// Draws what this provider does at this time.
    pub(crate) fn draw(
        random: &mut Rng,
        provider: &Provider,
        now: Duration,
        asked: &Asked,
        rate: Option<(Option<u32>, Duration)>,
    ) -> Self {
        let failing = random.u32(..1000) < provider.failing(now);
        let fault = match (failing, provider.trouble) {
            _ if matches!(rate, Some((None, _))) => Fault::OverRate,
            (false, _) => Fault::Nothing,
            (true, Some(trouble)) if random.u8(..8) > 0 => trouble,
            (true, _) => Fault::draw(random),
        };
        let slow = if fault == Fault::Slow { 100 } else { 1 };
        let mut script = Self {
            fault,
            headers_after: tailed(random, provider.headers) * slow,
            status: Some(200),
            headers: Vec::new(),
            steps: Vec::new(),
            sized: random.bool(),
            full: Default::default(),
            document: None,
        };
        match fault {
            Fault::Connect | Fault::Reset | Fault::Silent => script.status = None,
            Fault::Status(status) => script.refuse(status, r#"{"error":{"message":"no"}}"#),
            Fault::RetryAfter(status) => {
                script.refuse(status, r#"{"error":{"message":"slow down","code":"slow_down"}}"#);
                script.headers.push(retry_after(random));
            }
            Fault::OverRate => script.refuse(429, r#"{"error":{"message":"Rate limit reached for requests","code":"rate_limit_exceeded"}}"#),
            Fault::TooLong => script.refuse(
                400,
                r#"{"error":{"message":"maximum context length is 9","code":"context_length_exceeded"}}"#,
            ),
            Fault::Refused => script.refuse(
                pick(random, &[400, 413, 422]),
                r#"{"error":{"message":"`temperature` is too high","param":"temperature"}}"#,
            ),
            Fault::BadKey => {
                let key = &asked.key;
                script.refuse(401, &format!(r#"{{"error":{{"message":"Incorrect API key provided: {key}"}}}}"#));
            }
            Fault::Html => script.say("text/html", "<html><body>Just a moment…</body></html>"),
            Fault::Empty => script.say(if asked.stream { "text/event-stream" } else { "application/json" }, ""),
            Fault::ErrorBody => script.say("application/json", &answer::error(random, &State::default(), false)),
            _ => answer::write(&mut script, random, provider, asked),
        }
        if let (Some(rate), Some((left, ends))) = (provider.rate, rate) {
            script.tell(rate, left, ends);
        }
        if script.status.is_some() && script.status != Some(200) && random.u8(..8) == 0 {
            // The status has come, its body breaks or never ends.
            script.steps.push(if random.bool() {
                Step::Hang
            } else {
                Step::Break
            });
            script.sized = false;
        }
        script
    }

    /// Then come these bytes, and the answer is so far.
    pub(crate) fn send(&mut self, wait: Duration, bytes: Bytes, state: State) {
        if !wait.is_zero() {
            self.steps.push(Step::Wait(wait));
        }
        if !bytes.is_empty() {
            self.steps.push(Step::Send(bytes, state));
        }
    }

    /// Then comes the end, unless it never does.
    pub(crate) fn end(&mut self) {
        match self.fault {
            Fault::Break(_) => self.steps.push(Step::Break),
            Fault::Stall(_) => self.steps.push(Step::Hang),
            _ => {}
        }
    }

    fn tell(&mut self, rate: Rate, left: Option<u32>, ends: Duration) {
        if rate.announced {
            self.headers.extend([
                ("x-ratelimit-limit-requests", rate.most.to_string()),
                (
                    "x-ratelimit-remaining-requests",
                    left.unwrap_or(0).to_string(),
                ),
                (
                    "x-ratelimit-reset-requests",
                    format!("{}ms", ends.as_millis()),
                ),
            ]);
        }
        if rate.told && left.is_none() {
            let millis = ends.as_millis().to_string();
            self.headers.push(("retry-after-ms", millis));
        }
    }

    fn refuse(&mut self, status: u16, body: &str) {
        self.say("application/json", body);
        self.status = Some(status);
    }

    fn say(&mut self, kind: &str, body: &str) {
        self.headers.push(("content-type", kind.to_owned()));
        if !body.is_empty() {
            let body = Bytes::copy_from_slice(body.as_bytes());
            self.steps.push(Step::Send(body, State::default()));
        }
    }
}

/// In all three spellings. A date is so far from now that the wall clock does not matter.
fn retry_after(random: &mut Rng) -> (&'static str, String) {
    match random.u8(..6) {
        0 => ("retry-after-ms", random.u32(..6000).to_string()),
        1 => ("retry-after", random.u32(..4).to_string()),
        2 => ("retry-after", "0.5".to_owned()),
        3 => ("retry-after", "3600".to_owned()),
        4 => ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT".to_owned()),
        _ => ("retry-after", "Wed, 21 Oct 2115 07:28:00 GMT".to_owned()),
    }
}
