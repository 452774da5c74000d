//! Who is there to be asked under a seed: providers and their moods, models, prices, and the settings of the stack.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;
use switchtower::Stack;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::dispatch::hedge::HedgeLayer;
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::settle::MemoryLedger;
use switchtower::standing::Breaker;

use crate::book::{Book, Prices};
use crate::flow::catalog;
use crate::script::{At, Fault};
use crate::trace::Trace;

/// Everything of one seed that all its tasks share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) providers: Vec<Provider>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) models: usize,
    pub(crate) deadlines: Deadlines,
    pub(crate) tries: u32,
    pub(crate) breaker: Breaker,
    pub(crate) always_usage: bool,
    pub(crate) same_form: bool,
    /// How often in a thousand times the client is not ready at once; a tenth as often it fails.
    pub(crate) unready: u32,
    pub(crate) asked_ready: Cell<u64>,
    /// Is a second endpoint asked when the first is late?
    pub(crate) hedges: bool,
    /// Is an answer mended that breaks after its first words? Then all that are well say the same.
    pub(crate) recovers: bool,
    /// By provider and key.
    used: RefCell<BTreeMap<(usize, usize), Used>>,
    pub(crate) trace: Trace,
    pub(crate) book: RefCell<Book>,
}

#[derive(Debug)]
pub(crate) struct Provider {
    mood: Mood,
    /// What mostly goes wrong when it fails; where it has none, anything may.
    pub(crate) trouble: Option<Fault>,
    /// The middle of the time to its headers and to its first token, and between two tokens.
    pub(crate) headers: Duration,
    pub(crate) first: Duration,
    pub(crate) between: Duration,
    pub(crate) newline: &'static str,
    pub(crate) comments: bool,
    pub(crate) framing: Framing,
    pub(crate) usage: Usage,
    /// Does it say something else than the others?
    pub(crate) deviates: bool,
    /// How many keys we have there.
    pub(crate) keys: usize,
    pub(crate) rate: Option<Rate>,
}

/// How many calls a provider takes with one key, and whether it says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) most: u32,
    pub(crate) window: Duration,
    /// On every answer, in OpenAI's spelling.
    pub(crate) announced: bool,
    /// When it refuses, by `retry-after-ms`.
    pub(crate) told: bool,
}

/// How many calls came with one key, in the window that began then.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    window: u128,
    calls: u32,
}

#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) model: usize,
    pub(crate) provider: usize,
    pub(crate) context: Option<u64>,
    pub(crate) prices: Option<Prices>,
}

/// How often does it fail?
#[derive(Debug)]
enum Mood {
    /// So many times in a thousand.
    Steady(u32),
    /// Rarely; but so often in the middle third of each period.
    Brownout(u32, Duration),
    /// Always in the first half of each period, never in the other.
    Flapping(Duration),
}

/// How do events become frames?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// One event a frame.
    Each,
    /// Several events a frame.
    Several,
    /// Cut anywhere.
    Anywhere,
}

/// When does a stream tell its usage?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// In a chunk of its own, at the end.
    Last,
    /// In the chunk with the finish reason.
    WithFinish,
    /// In every chunk, so far.
    Every,
    /// Null in every chunk, then in one of its own.
    NullThenLast,
    /// Never.
    Never,
}

/// A generator for one purpose: the order in which things are drawn elsewhere does not touch it.
pub(crate) fn dice(salt: &[u64]) -> Rng {
    let mix = |hash: u64, salt: &u64| {
        let mixed = (hash ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    };
    Rng::with_seed(salt.iter().fold(0x5117_c470_3e12, mix))
}

pub(crate) fn pick<T: Copy>(random: &mut Rng, from: &[T]) -> T {
    from[random.usize(..from.len())]
}

/// Around `middle`, with a heavy tail: lognormal, one in a hundred more than ten times as long.
pub(crate) fn tailed(random: &mut Rng, middle: Duration) -> Duration {
    let normal: f64 = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    middle.mul_f64(normal.exp().min(200.0))
}

/// Sooner than by default, so that it happens often.
fn hedges(random: &mut Rng) -> HedgeLayer {
    let millis = |random: &mut Rng, from: &[u64]| Duration::from_millis(pick(random, from));
    HedgeLayer::new()
        .all()
        .floor(millis(random, &[1, 50, 250]))
        .cap(millis(random, &[300, 2000]))
}

/// Seeds are too short for its defaults. Some have none, so that retries use their budgets up.
fn breaker(random: &mut Rng) -> Breaker {
    if random.u8(..3) == 0 {
        return Breaker::never();
    }
    let secs = |random: &mut Rng, from: &[u64]| Duration::from_secs(pick(random, from));
    Breaker {
        base: secs(random, &[1, 2, 5]),
        longest: secs(random, &[5, 20, 60]),
        barred: secs(random, &[5, 20, 60]),
        told: secs(random, &[5, 30]),
        trial: secs(random, &[0, 5, 30]),
        slow: if random.bool() {
            NonZeroU32::new(3)
        } else {
            None
        },
        swift: Duration::from_millis(200),
        seed: random.u64(..),
        ..Breaker::default()
    }
}

// === impl World ===

impl World {
    pub(crate) fn new(seed: u64) -> Rc<Self> {
        let mut random = dice(&[seed]);
        let providers: Vec<_> = (0..random.usize(2..=5))
            .map(|_| Provider::new(&mut random))
            .collect();
        let models = random.usize(2..=4);
        let mut endpoints = Vec::new();
        for model in 0..models {
            let mut at: Vec<_> = (0..providers.len()).collect();
            random.shuffle(&mut at);
            // The first model is served by one provider alone, so that it is asked again.
            at.truncate(if model == 0 { 1 } else { random.usize(1..=4) });
            let serving = at
                .into_iter()
                .map(|provider| Endpoint::new(model, provider, &mut random));
            endpoints.extend(serving);
        }
        let secs = |random: &mut Rng, from: &[u64]| Duration::from_secs(pick(random, from));
        let deadlines = Deadlines {
            headers: secs(&mut random, &[2, 5, 10]),
            first_token: secs(&mut random, &[6, 15, 60]),
            idle: secs(&mut random, &[5, 10, 30]),
            total: secs(&mut random, &[8, 30, 120]),
            ..Deadlines::default()
        };
        Rc::new(Self {
            seed,
            providers,
            endpoints,
            models,
            deadlines,
            tries: random.u32(1..=6),
            breaker: breaker(&mut dice(&[seed, 11])),
            always_usage: random.bool(),
            same_form: random.bool(),
            unready: pick(&mut random, &[0, 0, 0, 30]),
            asked_ready: Cell::new(0),
            hedges: dice(&[seed, 12]).u8(..3) == 0,
            recovers: dice(&[seed, 14]).u8(..3) == 0,
            used: RefCell::default(),
            trace: Trace::new(),
            book: RefCell::default(),
        })
    }

    /// The stack under test. Its ledger keeps every record.
    pub(crate) fn stack(&self, requests: usize) -> Stack {
        let stack = Stack::new(catalog(&self.toml()))
            .seed(self.seed)
            .tries(self.tries)
            .breaker(self.breaker)
            .deadlines(self.deadlines)
            .with_ledger(MemoryLedger::new(requests));
        let stack = match self.hedges {
            true => stack.hedge(hedges(&mut dice(&[self.seed, 13]))),
            false => stack,
        };
        let stack = match self.recovers {
            true => stack.recover(RecoverLayer::new().on(true)),
            false => stack,
        };
        let stack = if self.always_usage {
            stack.always_usage()
        } else {
            stack
        };
        if self.same_form {
            stack.same_form()
        } else {
            stack
        }
    }

    fn toml(&self) -> String {
        let mut toml = String::new();
        for place in 0..self.providers.len() {
            let _ = writeln!(
                toml,
                "[providers.p{place}]\nbase_url = \"https://p{place}.test/v1\""
            );
            let keys = (0..self.providers[place].keys).map(|key| format!("\"$P{place}_{key}\""));
            let _ = writeln!(toml, "keys = [{}]", keys.collect::<Vec<_>>().join(", "));
        }
        for model in 0..self.models {
            let _ = writeln!(toml, "[models.\"acme/m{model}\"]");
            for endpoint in self
                .endpoints
                .iter()
                .filter(|endpoint| endpoint.model == model)
            {
                let provider = endpoint.provider;
                let _ = writeln!(
                    toml,
                    "[[models.\"acme/m{model}\".endpoints]]\nprovider = \"p{provider}\"\nmodel = \"m{model}-p{provider}\""
                );
                if let Some(context) = endpoint.context {
                    let _ = writeln!(toml, "context_length = {context}");
                }
                if let Some(prices) = &endpoint.prices {
                    let _ = writeln!(toml, "prices = {}", prices.toml());
                }
            }
        }
        toml
    }

    /// The endpoint of this model, as the provider calls it.
    pub(crate) fn endpoint(&self, provider: usize, model: &str) -> Option<usize> {
        let is = |endpoint: &Endpoint| {
            endpoint.provider == provider && format!("m{}-p{provider}", endpoint.model) == model
        };
        self.endpoints.iter().position(is)
    }

    /// Takes a call in that comes with this key: how many more it would take, and when the window ends; none where it is over
    /// its limit. Without a limit nothing is said.
    pub(crate) fn take(
        &self,
        provider: usize,
        key: usize,
        now: Duration,
    ) -> Option<(Option<u32>, Duration)> {
        let rate = self.providers[provider].rate?;
        let window = now.as_millis() / rate.window.as_millis();
        let mut used = self.used.borrow_mut();
        let used = used.entry((provider, key)).or_default();
        if used.window != window {
            *used = Used { window, calls: 0 };
        }
        used.calls += 1;
        let ends = Duration::from_millis(((window + 1) * rate.window.as_millis()) as u64);
        Some((rate.most.checked_sub(used.calls), ends - now))
    }
}

// === impl Provider ===

impl Provider {
    fn new(random: &mut Rng) -> Self {
        let period = Duration::from_secs(random.u64(10..90));
        let mood = match random.u8(..8) {
            0..=3 => Mood::Steady(pick(random, &[0, 20, 150, 300, 500, 1000])),
            4 | 5 => Mood::Brownout(random.u32(300..=1000), period),
            _ => Mood::Flapping(period),
        };
        let millis = |random: &mut Rng, from: &[u64]| Duration::from_millis(pick(random, from));
        let amid = Fault::Break(At::Amid);
        let troubles = [Fault::Status(503), Fault::Status(500), Fault::Connect, amid];
        Self {
            mood,
            trouble: random.bool().then(|| pick(random, &troubles)),
            headers: millis(random, &[10, 100, 400, 1500]),
            first: millis(random, &[5, 100, 500, 3000]),
            between: millis(random, &[0, 1, 10, 60, 400]),
            newline: pick(random, &["\n", "\n", "\r\n", "\r"]),
            comments: random.bool(),
            framing: pick(
                random,
                &[
                    Framing::Each,
                    Framing::Each,
                    Framing::Several,
                    Framing::Anywhere,
                ],
            ),
            usage: pick(
                random,
                &[
                    Usage::Last,
                    Usage::Last,
                    Usage::WithFinish,
                    Usage::Every,
                    Usage::NullThenLast,
                    Usage::Never,
                ],
            ),
            deviates: random.u8(..4) == 0,
            keys: pick(random, &[1, 1, 1, 2, 3]),
            rate: (random.u8(..5) == 0).then(|| Rate {
                most: random.u32(5..150),
                window: Duration::from_millis(pick(random, &[1000, 5000, 20_000])),
                announced: random.bool(),
                told: random.bool(),
            }),
        }
    }

    /// How often in a thousand does it fail now?
    pub(crate) fn failing(&self, now: Duration) -> u32 {
        let part = |period: Duration| now.as_secs_f64() / period.as_secs_f64() % 1.0;
        match self.mood {
            Mood::Steady(rate) => rate,
            Mood::Brownout(rate, period) if (0.33..0.67).contains(&part(period)) => rate,
            Mood::Brownout(..) => 10,
            Mood::Flapping(period) => {
                if part(period) >= 0.5 {
                    0
                } else {
                    1000
                }
            }
        }
    }
}

// === impl Endpoint ===

impl Endpoint {
    fn new(model: usize, provider: usize, random: &mut Rng) -> Self {
        // To the femtodollar, so that sums have to be rounded.
        let mut femto = |most: u64| random.u64(1..most * 1_000_000_000);
        let (prompt, completion) = (femto(3), femto(15));
        let (cached, reasoning, request) = (femto(1), femto(20), femto(9000));
        let prices = Prices {
            prompt,
            completion,
            cached: if random.bool() { cached } else { prompt },
            reasoning: if random.bool() { reasoning } else { completion },
            request: if random.bool() { request } else { 0 },
        };
        Self {
            model,
            provider,
            context: pick(random, &[None, Some(8000), Some(32_000), Some(128_000)]),
            prices: (random.u8(..12) > 0).then_some(prices),
        }
    }
}

// === impl Prices ===

impl Prices {
    /// What stands for the same as another price is left out, since it follows from that.
    fn toml(&self) -> String {
        let million =
            |femto: u64| format!("\"{}.{:09}\"", femto / 1_000_000_000, femto % 1_000_000_000);
        let mut toml = format!(
            "{{ prompt = {}, completion = {}",
            million(self.prompt),
            million(self.completion)
        );
        if self.cached != self.prompt {
            let _ = write!(toml, ", cache_read = {}", million(self.cached));
        }
        if self.reasoning != self.completion {
            let _ = write!(toml, ", reasoning = {}", million(self.reasoning));
        }
        if self.request != 0 {
            let _ = write!(toml, ", request = \"0.{:015}\"", self.request);
        }
        toml + " }"
    }
}
