//! What happened, when: told on failure, and hashed to show that a seed repeats.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::script::Fault;

/// All that happens under one seed, in order. Shared by all clones.
#[derive(Clone, Debug)]
pub(crate) struct Trace(Rc<Lines>);

#[derive(Debug)]
struct Lines {
    born: Instant,
    lines: RefCell<Vec<Line>>,
}

#[derive(Clone, Copy, Debug, Hash)]
struct Line {
    at: Duration,
    request: u32,
    event: Event,
}

/// What happened to a request? `call` is the number of a call to an upstream.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Event {
    /// The caller asks.
    Asks,
    /// An answer has begun, with this status.
    Answered(u16),
    /// A frame of so many bytes.
    Hears(usize),
    /// The end of the answer.
    HearsEnd,
    /// No answer: the error's kind.
    Refused(&'static str),
    /// The caller hangs up.
    Leaves,
    /// A call arrives at a provider, with what is going to go wrong there.
    Arrives {
        call: u32,
        provider: usize,
        fault: Fault,
    },
    /// The upstream sends its status.
    Status { call: u32, status: u16 },
    /// The upstream sends a frame of so many bytes.
    Sends { call: u32, bytes: usize },
    /// The upstream's answer is over, or its connection breaks.
    Over { call: u32, broken: bool },
    /// Whoever called has let go of it.
    LetGo { call: u32 },
    /// The service was asked for its readiness, and was not ready.
    NotReady,
}

// === impl Trace ===

impl Trace {
    pub(crate) fn new() -> Self {
        Self(Rc::new(Lines {
            born: Instant::now(),
            lines: RefCell::default(),
        }))
    }

    /// The virtual time since the seed began.
    pub(crate) fn now(&self) -> Duration {
        self.0.born.elapsed()
    }

    pub(crate) fn note(&self, request: u32, event: Event) {
        let at = self.now();
        self.0.lines.borrow_mut().push(Line { at, request, event });
    }

    /// Equal for equal stories.
    pub(crate) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.lines.borrow().hash(&mut hasher);
        hasher.finish()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lines.borrow().len()
    }

    /// The story of one request, a line an event; frames in a row are one line.
    pub(crate) fn of(&self, request: u32) -> String {
        use std::fmt::Write;
        let lines = self.0.lines.borrow();
        let mine = lines.iter().filter(|line| line.request == request);
        let mut told = String::new();
        let (mut frames, mut bytes) = (0, 0);
        for Line { at, event, .. } in mine {
            if let Event::Hears(len) | Event::Sends { bytes: len, .. } = event {
                frames += 1;
                bytes += len;
                if frames > 6 {
                    continue;
                }
            } else {
                if frames > 6 {
                    let _ = writeln!(
                        told,
                        "             … {frames} frames, {bytes} bytes both ways"
                    );
                }
                (frames, bytes) = (0, 0);
            }
            let _ = writeln!(told, "  {:>10.3} s  {event:?}", at.as_secs_f64());
        }
        told
    }
}
