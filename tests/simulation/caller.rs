//! Callers: what each asks, when it leaves, how it reads, and what it was told.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use fastrand::Rng;
use http::Request;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use serde_json::json;
use switchtower::settle::MemoryLedger;
use switchtower::{Call, Chain, Error};
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout_at};
use tower::ServiceExt;

use crate::trace::Event;
use crate::upstream::Client;
use crate::world::{World, dice, pick};

/// What a timer of Tokio may be late by, which counts in milliseconds.
pub(crate) const SLACK: Duration = Duration::from_millis(2);
/// How long a request body may take to come, as `ReadLayer` has it.
const PATIENCE: Duration = Duration::from_secs(120);

/// One request.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) number: u32,
    /// When, since the seed began.
    at: Duration,
    body: String,
    upload: Upload,
    pub(crate) stream: bool,
    pub(crate) wants_usage: bool,
    pub(crate) choices: usize,
    leave: Leave,
    /// How long it takes over each frame.
    pub(crate) pace: Duration,
    /// Has whoever stands around the stack made the call, as the gateway does?
    knows_call: bool,
}

/// How does the request come?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upload {
    Whole,
    /// In pieces, so long apart.
    Pieces(Duration),
    Breaks,
    Never,
}

/// When does the caller hang up?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    Never,
    /// So long after asking.
    After(Duration),
    /// As soon as so many frames are here; with none, it never reads.
    Frames(u32),
}

/// What a caller was told.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) refused: Option<Error>,
    pub(crate) answered: bool,
    /// Is the answer an event stream?
    pub(crate) stream: bool,
    pub(crate) bytes: Vec<u8>,
    pub(crate) ended: bool,
    pub(crate) left: bool,
    /// Did the request come as far as a plan?
    pub(crate) planned: Option<bool>,
    pub(crate) complaints: Vec<String>,
}

/// A request body that comes over time.
struct Pieces {
    rest: Bytes,
    piece: usize,
    upload: Upload,
    sleep: Option<Pin<Box<Sleep>>>,
}

/// When do requests come? In bursts, evenly, and then nobody for a while.
pub(crate) fn asks(world: &World, count: usize) -> Vec<Ask> {
    let mut random = dice(&[world.seed, 1]);
    let mut at = Duration::ZERO;
    let mut asks = Vec::with_capacity(count);
    while asks.len() < count {
        let (many, apart) = match random.u8(..3) {
            // It begins with a crowd, while no budget has been saved up.
            _ if asks.is_empty() => (300, 0),
            0 => (random.usize(20..400), 0),
            1 => (random.usize(20..100), random.u64(10..400)),
            _ => (random.usize(1..5), random.u64(1000..20_000)),
        };
        // The first model has one provider, whom a crowd asks for the same again.
        let any = random.usize(..world.models);
        let crowd = pick(&mut random, &[None, Some(any), Some(0)]).or(asks.is_empty().then_some(0));
        for _ in 0..many.min(count - asks.len()) {
            let number = u32::try_from(asks.len()).unwrap();
            asks.push(Ask::draw(world, number, at, crowd));
            at += Duration::from_millis(random.u64(..=apart * 2));
        }
    }
    asks
}

impl Ask {
    fn draw(world: &World, number: u32, at: Duration, crowd: Option<usize>) -> Self {
        let mut random = dice(&[world.seed, number.into(), 2]);
        let model = |random: &mut Rng| format!("acme/m{}", random.usize(..world.models));
        let first = crowd.map_or_else(|| model(&mut random), |model| format!("acme/m{model}"));
        let prompt = format!("{number} {}", "why? ".repeat(random.usize(..40)));
        let mut body = json!({"model": first, "messages": [{"role": "user", "content": prompt}]});
        let stream = random.u8(..4) > 0;
        body["stream"] = stream.into();
        let wants_usage = stream && random.bool();
        if wants_usage {
            body["stream_options"] = json!({"include_usage": true});
        }
        let choices = if random.u8(..8) == 0 { 2 } else { 1 };
        if choices > 1 {
            body["n"] = choices.into();
        }
        if random.u8(..3) == 0 {
            body["models"] = (0..random.usize(1..3))
                .map(|_| model(&mut random))
                .collect();
        }
        if random.u8(..3) == 0 {
            body["max_tokens"] = random.u16(1..500).into();
        }
        if random.u8(..4) == 0 {
            body["provider"] = preferences(&mut random, world.providers.len());
        }
        let mut body = body.to_string();
        match random.u8(..100) {
            0 => body = body.replace("acme/", "amce/"),
            1 => body.truncate(body.len() - 2),
            2 => body = body.replace("\"messages\"", "\"massages\""),
            _ => {}
        }
        let millis = |random: &mut Rng, from: &[u64]| Duration::from_millis(pick(random, from));
        let upload = match random.u8(..50) {
            0 => Upload::Breaks,
            1 if random.u8(..4) == 0 => Upload::Never,
            2..=5 => Upload::Pieces(millis(&mut random, &[1, 50, 300])),
            _ => Upload::Whole,
        };
        let leave = match random.u8(..20) {
            0 => Leave::After(Duration::from_millis(random.u64(..20))),
            1 | 2 => Leave::After(Duration::from_millis(random.u64(..5000))),
            3 => Leave::After(Duration::from_secs(random.u64(..100))),
            4 => Leave::Frames(random.u32(..12)),
            _ => Leave::Never,
        };
        let pace = match random.u8(..12) {
            0 => millis(&mut random, &[5, 100, 2000]),
            _ => Duration::ZERO,
        };
        Self {
            number,
            at,
            body,
            upload,
            stream,
            wants_usage,
            choices,
            leave,
            pace,
            knows_call: random.u8(..4) > 0,
        }
    }

    /// Asks, at its time, and listens to the end or until it leaves.
    pub(crate) async fn run(
        &self,
        world: Rc<World>,
        born: Instant,
        chain: Chain<Client, MemoryLedger>,
    ) -> Heard {
        sleep_until(born + self.at).await;
        let heard = RefCell::new(Heard::default());
        world.trace.note(self.number, Event::Asks);
        let now = Instant::now();
        let name = || Call::new(now.into_std(), SystemTime::now(), self.number.into());
        let call = self.knows_call.then(name);
        let listening = self.listen(&world, &heard, chain, call.clone());
        match self.leave {
            Leave::After(after) => {
                if timeout_at(now + after, listening).await.is_err() {
                    heard.borrow_mut().left = true;
                }
            }
            _ => listening.await,
        }
        let mut heard = heard.into_inner();
        if heard.left {
            world.trace.note(self.number, Event::Leaves);
        }
        if !world.book.borrow().alive(self.number).is_empty() {
            heard
                .complaints
                .push("an upstream is still at work, and nobody listens".to_owned());
        }
        if let Some(call) = call {
            heard.planned = Some(call.plan().is_some());
        }
        heard
    }

    async fn listen(
        &self,
        world: &World,
        heard: &RefCell<Heard>,
        chain: Chain<Client, MemoryLedger>,
        call: Option<Call>,
    ) {
        let note = |event| world.trace.note(self.number, event);
        let complain = |what: &str| heard.borrow_mut().complaints.push(what.to_owned());
        let upload = if self.upload == Upload::Never {
            PATIENCE
        } else {
            Duration::ZERO
        };
        let until = Instant::now() + world.deadlines.total.max(upload) + SLACK;
        // Nobody waits longer than until then; who is late itself finds everything there.
        let in_time = |since: Instant, what: &str| {
            let now = Instant::now();
            if now > until.max(since + SLACK) {
                complain(&format!(
                    "{what} came {:?} after its total deadline",
                    now - until
                ));
            }
        };

        let asked = Instant::now();
        let answer = chain.oneshot(self.request(call)).await;
        in_time(asked, "the answer");
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                note(Event::Refused(error.kind().as_str()));
                heard.borrow_mut().refused = Some(error);
                return;
            }
        };
        note(Event::Answered(response.status().as_u16()));
        let kind = response
            .headers()
            .get("content-type")
            .and_then(|kind| kind.to_str().ok());
        heard.borrow_mut().stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
        heard.borrow_mut().answered = true;

        let mut body = Box::pin(response.into_body());
        let mut frames = 0;
        loop {
            if self.leave == Leave::Frames(frames) {
                heard.borrow_mut().left = true;
                return;
            }
            if !self.pace.is_zero() {
                sleep(self.pace).await;
            }
            let (promised_end, since) = (body.is_end_stream(), Instant::now());
            let frame = body.frame().await;
            in_time(since, "a frame");
            match frame {
                None => break,
                Some(_) if promised_end => complain("a frame came after the end that was reported"),
                Some(Err(_)) => {
                    complain("a committed answer failed, instead of telling its error");
                    return;
                }
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    note(Event::Hears(data.len()));
                    heard.borrow_mut().bytes.extend_from_slice(&data);
                    frames += 1;
                }
            }
        }
        note(Event::HearsEnd);
        heard.borrow_mut().ended = true;
        if body.frame().await.is_some() {
            complain("something came after the end");
        }
    }

    fn request(&self, call: Option<Call>) -> Request<Pieces> {
        let body = Pieces {
            rest: self.body.clone().into(),
            piece: match self.upload {
                Upload::Whole => usize::MAX,
                _ => self.body.len().div_ceil(4),
            },
            upload: self.upload,
            sleep: None,
        };
        let mut request = Request::post("/v1/chat/completions")
            .header("user-agent", self.number)
            .header("authorization", "Bearer secret-caller")
            .header("cookie", "secret=caller")
            .body(body)
            .unwrap();
        if let Some(call) = call {
            request.extensions_mut().insert(call);
        }
        request
    }
}

fn preferences(random: &mut Rng, providers: usize) -> serde_json::Value {
    let mut some = || {
        let mut slugs: Vec<_> = (0..providers).map(|place| format!("p{place}")).collect();
        random.shuffle(&mut slugs);
        slugs.truncate(random.usize(1..=providers));
        slugs
    };
    let (order, only) = (some(), some());
    match random.u8(..10) {
        0 => json!({"order": order}),
        1 => json!({"only": only}),
        2 => json!({"ignore": [only[0]]}),
        3 => json!({"allow_fallbacks": false}),
        4 => json!({"order": order, "allow_fallbacks": false}),
        5 => json!({"max_price": {"prompt": 2, "completion": 10}}),
        6 => json!({"sort": "throughput"}),
        7 => json!({"sort": {"by": "latency", "partition": "none"}}),
        8 => json!({"preferred_max_latency": 1, "preferred_min_throughput": {"p90": 5}}),
        _ => json!({"sort": "price"}),
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        if let Some(sleep) = &mut self.sleep {
            ready!(std::future::Future::poll(sleep.as_mut(), cx));
            self.sleep = None;
        }
        let len = self.piece.min(self.rest.len());
        if len == 0 {
            return Poll::Ready(None);
        }
        match self.upload {
            Upload::Pieces(apart) => self.sleep = Some(Box::pin(sleep(apart))),
            Upload::Breaks if self.rest.len() < 2 * self.piece => {
                return Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())));
            }
            Upload::Never if self.rest.len() < 2 * self.piece => return Poll::Pending,
            _ => {}
        }
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(len)))))
    }
}
