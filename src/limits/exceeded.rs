//! No, and until when.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::amount::Amount;
use super::level::Level;
use super::tally::Room;
use super::unit::Unit;
use super::window::Window;

/// There is no room for so much: which limit leaves none, and when it will.
///
/// [`Limits`](super::Limits) has an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The limit. If several leave no room, the one that does for the longest time.
    pub level: Level,
    /// So much was asked for: requests, tokens, or picodollars.
    pub needed: u64,
    /// When there will be room, as far as it is known. None: nobody knows, or never.
    pub resets_at: Option<SystemTime>,
    /// After which time it is worth asking again. None: never, as far as anybody knows.
    pub retry_after: Option<Duration>,
    /// There may be room in the limit, but not in what was [granted](super::Share::grant) of it here.
    pub may_be_leased: bool,
}

// === impl Exceeded ===

impl Exceeded {
    pub(super) fn new(level: Level, needed: u64, room: Room) -> Self {
        Self {
            level,
            needed,
            resets_at: room.at,
            retry_after: room.after,
            may_be_leased: false,
        }
    }

    pub(super) fn leasable(mut self) -> Self {
        self.may_be_leased = true;
        self
    }

    /// Does it last longer than that one?
    pub(super) fn outlasts(&self, other: &Self) -> bool {
        let wait = |one: &Self| one.retry_after.unwrap_or(Duration::MAX);
        wait(self) > wait(other)
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Level {
            rule, used, held, ..
        } = &self.level;
        let (unit, limit, name) = (rule.unit(), rule.limit(), rule.name());
        let amount = |amount: u64| Amount(unit, amount);
        // What nobody bounds counts as long as the model may answer, which newcomers do not expect.
        let is_long = self.needed > limit && *used < limit;
        let hint = if is_long {
            "; less is needed with a smaller `max_tokens`"
        } else {
            ""
        };
        match unit {
            Unit::Money => write!(
                f,
                "Insufficient credits: this request may cost up to {} USD, and {name} allows {} USD{}, of which {} USD are spent \
                 and {} USD are held for requests that are under way{hint}",
                amount(self.needed),
                amount(limit),
                Within(rule.window()),
                amount(*used),
                amount(*held),
            ),
            Unit::Concurrency => write!(
                f,
                "Rate limit exceeded: {name}: {} at once, and {held} {} under way",
                Several(limit, unit),
                if *held == 1 { "is" } else { "are" },
            ),
            Unit::Requests | Unit::Tokens => write!(
                f,
                "Rate limit exceeded: {name}: {}{}; used {used}, requested {}{}",
                Several(limit, unit),
                Within(rule.window()),
                self.needed,
                if unit == Unit::Tokens { hint } else { "" },
            ),
        }
    }
}

impl std::error::Error for Exceeded {}

/// So many requests, or tokens.
struct Several(u64, Unit);

impl fmt::Display for Several {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = match self.1 {
            Unit::Tokens => "token",
            Unit::Money | Unit::Requests | Unit::Concurrency => "request",
        };
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {of}{plural}", self.0)
    }
}

/// In which time.
struct Within(Window);

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Window::Forever => Ok(()),
            Window::Calendar(period) => write!(f, " {}", period.as_str()),
            Window::Rolling(time) | Window::Bucket { period: time, .. } => {
                match (time.as_secs(), time.subsec_nanos()) {
                    (60, 0) => f.write_str(" a minute"),
                    (3600, 0) => f.write_str(" an hour"),
                    (86_400, 0) => f.write_str(" a day"),
                    _ => write!(f, " in {time:?}"),
                }
            }
        }
    }
}
