//! Each upstream's own book: what it was asked, what it sent, what it bills. It shares no code with `settle`.

use bytes::Bytes;

/// What a provider bills for: tokens, in its own spelling. Cached ones are among those of the prompt,
/// reasoning among those of the completion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bill {
    pub(crate) prompt: u64,
    pub(crate) cached: u64,
    pub(crate) completion: u64,
    pub(crate) reasoning: u64,
}

/// What an endpoint asks, in femtodollars a token, and a request; none where nobody knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prices {
    pub(crate) prompt: u64,
    pub(crate) cached: u64,
    pub(crate) completion: u64,
    pub(crate) reasoning: u64,
    pub(crate) request: u64,
}

/// How far an answer has come, by what has left the upstream whole.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State {
    pub(crate) bill: Bill,
    /// Bytes of text of each choice.
    pub(crate) said: [usize; 2],
    /// Has everything been said that makes an answer whole?
    pub(crate) whole: bool,
    /// Has usage been told?
    pub(crate) told_usage: bool,
}

/// One call to an upstream.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) request: u32,
    pub(crate) endpoint: usize,
    pub(crate) provider: usize,
    pub(crate) key: usize,
    pub(crate) fault: crate::script::Fault,
    pub(crate) at: std::time::Duration,
    /// The status that it sent.
    pub(crate) status: Option<u16>,
    /// What it has sent.
    pub(crate) sent: State,
    /// What it meant to say, choice by choice.
    pub(crate) full: [String; 2],
    /// The whole answer, if it is one document.
    pub(crate) document: Option<Bytes>,
    /// Has nobody let go of it yet?
    pub(crate) alive: bool,
}

/// All calls, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) entries: Vec<Entry>,
    by_request: Vec<Vec<usize>>,
    /// What the upstreams themselves have to complain of.
    pub(crate) complaints: Vec<(u32, String)>,
}

// === impl Book ===

impl Book {
    pub(crate) fn complain(&mut self, request: u32, what: impl Into<String>) {
        self.complaints.push((request, what.into()));
    }

    /// The numbers of the calls of this request.
    pub(crate) fn calls(&self, request: u32) -> &[usize] {
        self.by_request
            .get(request as usize)
            .map_or(&[], Vec::as_slice)
    }

    /// The endpoints of this request's calls that are alive.
    pub(crate) fn alive(&self, request: u32) -> Vec<usize> {
        let mine = self.calls(request).iter().map(|call| &self.entries[*call]);
        mine.filter(|entry| entry.alive)
            .map(|entry| entry.endpoint)
            .collect()
    }

    pub(crate) fn enter(&mut self, entry: Entry) {
        let request = entry.request as usize;
        if self.by_request.len() <= request {
            self.by_request.resize(request + 1, Vec::new());
        }
        self.by_request[request].push(self.entries.len());
        self.entries.push(entry);
    }
}

// === impl Entry ===

impl Entry {
    /// What is billed, in picodollars, rounded once, half to even.
    pub(crate) fn picodollars(&self, prices: &Prices) -> i64 {
        if self.status != Some(200) {
            return 0;
        }
        let Bill {
            prompt,
            cached,
            completion,
            reasoning,
        } = self.sent.bill;
        let femto = u128::from(prices.request)
            + u128::from(prompt - cached) * u128::from(prices.prompt)
            + u128::from(cached) * u128::from(prices.cached)
            + u128::from(completion - reasoning) * u128::from(prices.completion)
            + u128::from(reasoning) * u128::from(prices.reasoning);
        let (whole, rest) = (femto / 1000, femto % 1000);
        let up = rest > 500 || (rest == 500 && whole % 2 == 1);
        i64::try_from(whole + u128::from(up)).unwrap()
    }
}

// === impl Bill ===

impl Bill {
    /// The `usage` object.
    pub(crate) fn json(&self) -> String {
        let Self {
            prompt,
            cached,
            completion,
            reasoning,
        } = self;
        format!(
            r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":{cached}}},"completion_tokens_details":{{"reasoning_tokens":{reasoning}}}}}"#,
            prompt + completion
        )
    }
}
