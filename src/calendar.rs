//! Days, weeks and months, in UTC.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, UtcOffset};

/// A day, in UTC.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use switchtower::Day;
///
/// let day = Day::of(UNIX_EPOCH + Duration::from_secs(86_400 * 2));
/// assert_eq!(day.to_string(), "1970-01-03");
/// assert_eq!("1970-01-03".parse(), Ok(day));
/// assert_eq!(day.number(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// A text that is no [`Day`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADay;

/// After how long does a limit begin anew? Always at midnight, UTC.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use switchtower::Period;
///
/// // The first of January 1970 was a Thursday.
/// let (monday, next) = Period::Weekly.around(UNIX_EPOCH + Duration::from_secs(86_400 * 5));
/// assert_eq!(monday, UNIX_EPOCH + Duration::from_secs(86_400 * 4));
/// assert_eq!(next, monday + Duration::from_secs(86_400 * 7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// Every day.
    Daily,
    /// Every Monday.
    Weekly,
    /// On the first of every month.
    Monthly,
}

const DAY: Duration = Duration::from_secs(86_400);

// === impl Day ===

impl Day {
    /// The day of this time; of a time before 1970, or after the year 9999, the nearest that there is.
    #[must_use]
    pub fn of(at: SystemTime) -> Self {
        let age = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let days = age.as_secs() / DAY.as_secs();
        Self(i32::try_from(days).unwrap_or(i32::MAX).min(LAST))
    }

    /// The day so many days after the first of January 1970, at most the last of the year 9999.
    #[must_use]
    pub fn from_number(days: i32) -> Self {
        Self(days.clamp(0, LAST))
    }

    /// Days since the first of January 1970.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }

    /// So many days later, or earlier.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self::from_number(self.0.saturating_add(days))
    }

    /// Its midnight, with which it begins.
    #[must_use]
    pub fn start(self) -> SystemTime {
        UNIX_EPOCH + DAY * self.0.unsigned_abs()
    }

    fn date(self) -> Date {
        let date = Date::from_julian_day(EPOCH + self.0);
        date.expect("between 1970 and 9999")
    }
}

/// The Julian day of the first of January 1970.
const EPOCH: i32 = 2_440_588;
/// The last day of the year 9999.
const LAST: i32 = 2_932_896;

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date();
        let month = u8::from(date.month());
        write!(f, "{:04}-{month:02}-{:02}", date.year(), date.day())
    }
}

impl FromStr for Day {
    type Err = NotADay;

    /// Reads `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, NotADay> {
        let parsed = || {
            let (year, rest) = text.split_once('-')?;
            let (month, day) = rest.split_once('-')?;
            let lengths = (year.len(), month.len(), day.len());
            let plain = text
                .bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_digit());
            if lengths != (4, 2, 2) || !plain {
                return None;
            }
            let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
            let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?);
            u32::try_from(date.ok()?.to_julian_day() - EPOCH).ok()
        };
        let days = parsed().ok_or(NotADay)?;
        Ok(Self(i32::try_from(days).map_err(|_| NotADay)?))
    }
}

// === impl NotADay ===

impl fmt::Display for NotADay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a day is written YYYY-MM-DD, and not before 1970")
    }
}

impl std::error::Error for NotADay {}

// === impl Period ===

impl Period {
    /// The one that this time is in: when it began, and when the next begins.
    #[must_use]
    pub fn around(self, at: SystemTime) -> (SystemTime, SystemTime) {
        let day = Day::of(at);
        let date = day.date();
        let first = match self {
            Self::Daily => day,
            Self::Weekly => day.plus(-i32::from(date.weekday().number_days_from_monday())),
            Self::Monthly => day.plus(1 - i32::from(date.day())),
        };
        let days = match self {
            Self::Daily => 1,
            Self::Weekly => 7,
            Self::Monthly => date.month().length(date.year()).into(),
        };
        (first.start(), first.start() + DAY * days)
    }

    /// `daily`, `weekly` or `monthly`, as OpenRouter's API of keys has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }
}

/// RFC 3339 in UTC, to the millisecond: as JSON has it. Before 1970 there is nothing.
#[cfg_attr(not(feature = "gateway"), allow(dead_code, reason = "for its API"))]
pub(crate) fn timestamp(at: SystemTime) -> String {
    let age = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (day, second) = (Day::of(at), age.as_secs() % DAY.as_secs());
    let (hour, minute, rest) = (second / 3600, second / 60 % 60, second % 60);
    let millis = age.subsec_millis();
    format!("{day}T{hour:02}:{minute:02}:{rest:02}.{millis:03}Z")
}

/// Reads a time of RFC 3339; none unless it is in UTC and not before 1970.
#[cfg_attr(not(feature = "gateway"), allow(dead_code, reason = "for its API"))]
pub(crate) fn read_timestamp(text: &str) -> Option<SystemTime> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let nanos = u128::try_from(at.unix_timestamp_nanos()).ok()?;
    let since = Duration::new(
        u64::try_from(nanos / 1_000_000_000).ok()?,
        (nanos % 1_000_000_000) as u32,
    );
    (at.offset() == UtcOffset::UTC).then(|| UNIX_EPOCH + since)
}
