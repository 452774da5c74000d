//! The innermost service: all providers at once, without a socket. It keeps the book, and holds whoever calls it to
//! Tower's contract and to what a provider may see.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use serde_json::Value;
use switchtower::Payload;
use tokio::time::{Sleep, sleep};
use tower::Service;

use crate::answer::Asked;
use crate::book::{Entry, State};
use crate::script::{Fault, Script, Step};
use crate::trace::Event;
use crate::world::{World, dice};

/// The client under the stack. A clone is not ready.
#[derive(Debug)]
pub(crate) struct Client {
    world: Rc<World>,
    ready: bool,
    readying: Option<Pin<Box<Sleep>>>,
}

/// Somebody waits for this call, or for the end of its answer.
#[derive(Debug)]
struct Life {
    world: Rc<World>,
    call: u32,
    request: u32,
}

/// A body that comes over time. Whoever asks it after its end is at fault.
#[derive(Debug)]
pub(crate) struct Transfer {
    steps: std::vec::IntoIter<Step>,
    sized: bool,
    sleep: Option<Pin<Box<Sleep>>>,
    over: bool,
    life: Life,
}

impl Client {
    pub(crate) fn new(world: &Rc<World>) -> Self {
        Self {
            world: world.clone(),
            ready: false,
            readying: None,
        }
    }
}

impl Clone for Client {
    fn clone(&self) -> Self {
        Self::new(&self.world)
    }
}

impl Service<Request<Payload>> for Client {
    type Response = Response<Transfer>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response<Transfer>>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let world = &self.world;
        if self.readying.is_none() && world.unready > 0 && !self.ready {
            let asked = world.asked_ready.replace(world.asked_ready.get() + 1);
            let mut random = dice(&[world.seed, asked, 3]);
            if random.u32(..1000) < world.unready {
                world.trace.note(u32::MAX, Event::NotReady);
                if random.u8(..10) == 0 {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                self.readying = Some(Box::pin(sleep(Duration::from_millis(random.u64(..3000)))));
            }
        }
        if let Some(readying) = &mut self.readying {
            ready!(readying.as_mut().poll(cx));
            self.readying = None;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Payload>) -> Self::Future {
        let ready = std::mem::take(&mut self.ready);
        let (life, script) = arrive(&self.world, &request, ready);
        Box::pin(answer(life, script))
    }
}

/// Enters a call into the book, and draws what becomes of it.
fn arrive(world: &Rc<World>, request: &Request<Payload>, ready: bool) -> (Life, Script) {
    let json: Value =
        serde_json::from_slice(request.body().bytes()).expect("a provider is sent JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let prompt = text(&json["messages"][0]["content"]);
    let number: u32 = prompt
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .expect("the prompt tells the request");
    let host = request.uri().host().unwrap_or_default();
    let provider: usize = host
        .trim_start_matches('p')
        .trim_end_matches(".test")
        .parse()
        .expect("a known provider");

    let sent = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let sent = sent.unwrap_or_default().to_owned();
    let mut keys = 0..world.providers[provider].keys;
    let key = keys.find(|key| sent == format!("Bearer secret-P{provider}_{key}"));

    let mut book = world.book.borrow_mut();
    let call = u32::try_from(book.entries.len()).unwrap();
    let before = book.calls(number).len() as u64;
    let asked = Asked {
        call,
        stream: json["stream"] == true,
        wants_usage: json["stream_options"]["include_usage"] == true,
        choices: json["n"].as_u64().unwrap_or(1) as usize,
        prompt_bytes: prompt.len() as u64,
        key: sent.trim_start_matches("Bearer ").to_owned(),
        alike: (world.recovers && !world.providers[provider].deviates).then_some(number.into()),
        plain: world.recovers,
    };
    if !ready {
        book.complain(number, "the client was called before it was ready");
    }
    let endpoint = world
        .endpoint(provider, &text(&json["model"]))
        .expect("the provider serves it");
    let alive = book.alive(number);
    let second = world.hedges && asked.stream && alive.len() == 1 && alive[0] != endpoint;
    if !alive.is_empty() && !second {
        book.complain(
            number,
            "it is asked while another call of this request is alive",
        );
    }
    if key.is_none() {
        book.complain(
            number,
            format!("p{provider} was sent another key than its own: {sent:?}"),
        );
    }
    if request.headers().contains_key("user-agent") || request.headers().contains_key("cookie") {
        book.complain(number, "the caller's own headers reached a provider");
    }
    if ["provider", "models"]
        .iter()
        .any(|field| !json[field].is_null())
    {
        book.complain(number, "a provider was sent what only we understand");
    }
    if asked.stream && !asked.wants_usage {
        book.complain(number, "nobody asked for the usage of a stream");
    }
    let now = world.trace.now();
    let rate = world.take(provider, key.unwrap_or_default(), now);
    let mut random = dice(&[world.seed, number.into(), before]);
    let script = Script::draw(&mut random, &world.providers[provider], now, &asked, rate);
    world.trace.note(
        number,
        Event::Arrives {
            call,
            provider,
            fault: script.fault,
        },
    );
    book.enter(Entry {
        request: number,
        endpoint,
        provider,
        key: key.unwrap_or_default(),
        fault: script.fault,
        at: now,
        status: None,
        sent: State::default(),
        full: script.full.clone(),
        document: script.document.clone(),
        alive: true,
    });
    (
        Life {
            world: world.clone(),
            call,
            request: number,
        },
        script,
    )
}

async fn answer(life: Life, script: Script) -> io::Result<Response<Transfer>> {
    if script.fault == Fault::Silent {
        return std::future::pending().await;
    }
    if script.fault != Fault::Connect || !script.headers_after.is_zero() {
        sleep(script.headers_after).await;
    }
    let Some(status) = script.status else {
        life.note(Event::Over {
            call: life.call,
            broken: true,
        });
        let kind = match script.fault {
            Fault::Connect => io::ErrorKind::ConnectionRefused,
            _ => io::ErrorKind::ConnectionReset,
        };
        return Err(kind.into());
    };
    life.note(Event::Status {
        call: life.call,
        status,
    });
    life.world.book.borrow_mut().entries[life.call as usize].status = Some(status);
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in &script.headers {
        response = response.header(*name, value);
    }
    let transfer = Transfer {
        steps: script.steps.into_iter(),
        sized: script.sized,
        sleep: None,
        over: false,
        life,
    };
    Ok(response.body(transfer).unwrap())
}

impl Transfer {
    fn over(&mut self, broken: bool) {
        self.over = true;
        self.life.note(Event::Over {
            call: self.life.call,
            broken,
        });
    }
}

impl Body for Transfer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.over {
            let mut book = this.life.world.book.borrow_mut();
            book.complain(
                this.life.request,
                "an upstream's body was asked again after its end",
            );
            return Poll::Ready(None);
        }
        loop {
            if let Some(sleep) = &mut this.sleep {
                ready!(sleep.as_mut().poll(cx));
                this.sleep = None;
            }
            match this.steps.as_slice().first() {
                // It stays there.
                Some(Step::Hang) => return Poll::Pending,
                Some(_) => {}
                None => {
                    this.over(false);
                    return Poll::Ready(None);
                }
            }
            match this.steps.next() {
                Some(Step::Wait(wait)) => this.sleep = Some(Box::pin(sleep(wait))),
                Some(Step::Send(bytes, state)) => {
                    let call = this.life.call;
                    this.life.note(Event::Sends {
                        call,
                        bytes: bytes.len(),
                    });
                    this.life.world.book.borrow_mut().entries[call as usize].sent = state;
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                _ => {
                    this.over(true);
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.sized && self.steps.as_slice().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let len = |step: &Step| match step {
            Step::Send(bytes, _) => bytes.len() as u64,
            _ => 0,
        };
        match self.sized {
            true => SizeHint::with_exact(self.steps.as_slice().iter().map(len).sum()),
            false => SizeHint::default(),
        }
    }
}

impl Life {
    fn note(&self, event: Event) {
        self.world.trace.note(self.request, event);
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.note(Event::LetGo { call: self.call });
        self.world.book.borrow_mut().entries[self.call as usize].alive = false;
    }
}
