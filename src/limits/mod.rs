//! What may a caller spend, ask and hold?
//!
//! One table: for whom, of what, in which time, and how much. A request takes of every rule that is of it, or of none.
//!
//! | scope | unit | window | rules |
//! |---|---|---|---|
//! | any | money | for ever, calendar, rolling | budgets, credit: held by the worst that may come, then charged. 402 |
//! | any but provider | requests, tokens | for ever, calendar, rolling, bucket | rate limits: counted when let in. 429 |
//! | any | concurrency | for ever | what is under way. 429 |
//!
//! ```text
//! take ──▶ used + held + wanted ≤ limit, by all rules at once ──▶ settle: so much was used
//!   └ no: Exceeded, and nothing is taken                      └─▶ drop: all is given back
//! ```
//!
//! **What is under way** counts. Money and concurrency are held until the request is over, however long that takes, so that
//! `used + held` never exceeds the limit, whoever else asks at the same moment; requests and tokens count from when
//! they are let in. A request counts in the window in which it came, also when it ends in a later one; but what it has moved beyond what was
//! expected counts from its end, where its window has rolled on: no answer is long enough to have no limit.
//!
//! **Rules that come later**, of a key that is limited while it asks, begin with what was used before, and with what is under
//! way: see [`Limits::set_rules`]; and so do those for all that take the place of others, of a catalogue that is read anew: see
//! [`Limits::replace`].
//!
//! **Time.** Windows of the calendar go by the wall clock, in UTC. If that is set back, the window that is on stays on
//! until its end, so that none is empty twice; if it was ahead and is set right, a limit is renewed after one whole window at the
//! latest. All others go by the clock that never goes back.
//!
//! **Memory.** A rule counts up to [`Limits::VALUES`] values each by itself; the rest are counted as if they were one. A count that counts
//! nothing makes room for another one; one that counts something is never forgotten. Of users and tags, whose names callers make up,
//! an account has at most a tenth of the counts: who asks in the names of many harms its own account alone, whose other names are
//! counted as if they were one, each by the limit of one.

mod amount;
mod bucket;
mod calendar;
mod change;
mod counter;
mod counts;
mod exceeded;
mod general;
mod level;
mod moment;
mod nearest;
mod own;
mod refusal;
mod replace;
mod ring;
mod rule;
mod scope;
mod share;
mod shared;
mod subject;
mod table;
mod taken;
mod tally;
mod turn;
mod under_way;
mod unit;
mod values;
mod whose;
mod window;

pub use self::exceeded::Exceeded;
pub use self::level::Level;
pub use self::moment::Now;
pub use self::nearest::Nearest;
pub use self::rule::{NotARule, Rule};
pub use self::scope::Scope;
pub(crate) use self::share::Aside;
pub use self::share::{Counted, Share};
pub use self::subject::Subject;
pub use self::table::Limits;
pub use self::taken::Taken;
pub use self::unit::Unit;
pub use self::window::Window;

pub(crate) use self::amount::Amount;
pub(crate) use self::bucket::DEEPEST;
pub(crate) use self::taken::Unwritten;
pub(crate) use self::under_way::{Amounts, Guest};
