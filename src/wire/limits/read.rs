//! From headers to what may still be asked.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::amount::amount;
use super::name::{Part, SPANS, Span, Told, UNITS, Unit};
use super::reset::{LONGEST, reset};

/// What a provider says may still be asked of it. See the [module docs](super) for its spellings.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use switchtower::wire::limits::RateLimits;
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("x-ratelimit-limit-requests", "60".parse()?);
/// headers.insert("x-ratelimit-remaining-requests", "59".parse()?);
/// headers.insert("x-ratelimit-reset-requests", "6m0s".parse()?);
/// let requests = RateLimits::read(&headers, SystemTime::now).unwrap().requests.unwrap();
/// assert_eq!((requests.remaining, requests.limit), (59, Some(60)));
/// assert_eq!(requests.resets_in, Duration::from_secs(360));
/// # Ok::<_, http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// In requests.
    pub requests: Option<Allowance>,
    /// In tokens of prompts and answers together.
    pub tokens: Option<Allowance>,
    /// In tokens of prompts.
    pub input: Option<Allowance>,
    /// In tokens of answers.
    pub output: Option<Allowance>,
}

/// What may still be asked for in one unit, and for how long that holds.
///
/// See the example of [`RateLimits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// So much; at most 10⁹.
    pub remaining: u64,
    /// Of so much, if that is told; likewise, and never 0.
    pub limit: Option<u64>,
    /// How long it holds; at most a day. Where that is not told, as long as its name says, and at most an hour; where that says
    /// nothing either, a minute for tokens, which everybody counts by the minute, and for requests the ten seconds over which Azure
    /// counts them.
    pub resets_in: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    limit: Option<u64>,
    remaining: Option<u64>,
    resets_in: Option<Duration>,
}

/// By unit and span.
#[derive(Debug, Default)]
struct Sheet([[Row; SPANS]; UNITS]);

// === impl RateLimits ===

impl RateLimits {
    /// Reads all headers once; `wall` is asked for the date only where one is told. None if nothing is told that remains. What is no
    /// figure is passed over.
    pub fn read(headers: &HeaderMap, wall: impl Fn() -> SystemTime) -> Option<Self> {
        let mut sheet: Option<Sheet> = None;
        for (name, value) in headers {
            let Some(told) = Told::of(name.as_str()) else {
                continue;
            };
            if let Ok(text) = value.to_str() {
                sheet.get_or_insert_default().put(told, text, &wall);
            }
        }
        let sheet = sheet?;
        let limits = Self {
            requests: sheet.tightest(Unit::Requests),
            tokens: sheet.tightest(Unit::Tokens),
            input: sheet.tightest(Unit::Input),
            output: sheet.tightest(Unit::Output),
        };
        (limits != Self::default()).then_some(limits)
    }

    /// In the order of the fields.
    pub(crate) fn units(&self) -> [Option<Allowance>; UNITS] {
        [self.requests, self.tokens, self.input, self.output]
    }
}

// === impl Sheet ===

impl Sheet {
    fn put(&mut self, told: Told, text: &str, wall: impl Fn() -> SystemTime) {
        let row = &mut self.0[told.unit as usize][told.span as usize];
        match told.part {
            Part::Limit => row.limit = amount(text).filter(|limit| *limit > 0),
            Part::Remaining => row.remaining = amount(text),
            Part::Reset => row.resets_in = reset(text, wall),
        }
    }

    fn tightest(&self, unit: Unit) -> Option<Allowance> {
        let rows = SPANS_IN_ORDER.iter().zip(&self.0[unit as usize]);
        let allowances = rows.filter_map(|(span, row)| {
            Some(Allowance {
                remaining: row.remaining?,
                limit: row.limit,
                resets_in: row.resets_in.unwrap_or(span.usual(unit)),
            })
        });
        allowances.min_by_key(|told| (told.remaining, LONGEST - told.resets_in))
    }
}

const SPANS_IN_ORDER: [Span; SPANS] = [
    Span::Untold,
    Span::Project,
    Span::Second,
    Span::Minute,
    Span::FiveMinutes,
    Span::Hour,
    Span::Day,
    Span::Month,
];

// === impl Span ===

impl Span {
    /// How long a figure holds whose reset nobody tells.
    fn usual(self, unit: Unit) -> Duration {
        Duration::from_secs(match self {
            Span::Untold | Span::Project if unit == Unit::Requests => 10,
            Span::Second => 1,
            Span::Untold | Span::Project | Span::Minute => 60,
            Span::FiveMinutes => 300,
            Span::Hour | Span::Day | Span::Month => 3600,
        })
    }
}
