//! A month, in UTC.

use std::fmt;
use std::str::FromStr;

use crate::calendar::{Day, Period};

/// A month, in UTC.
///
/// ```
/// use switchtower::settle::statements::Month;
///
/// let month: Month = "2026-11".parse()?;
/// assert_eq!(month.first().to_string(), "2026-11-01");
/// assert_eq!(month.next().to_string(), "2026-12");
/// # Ok::<_, switchtower::settle::statements::NotAMonth>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(Day);

/// A text that is no [`Month`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAMonth;

// === impl Month ===

impl Month {
    /// The month of this day.
    #[must_use]
    pub fn of(day: Day) -> Self {
        let (first, _) = Period::Monthly.around(day.start());
        Self(Day::of(first))
    }

    /// Its first day.
    #[must_use]
    pub fn first(self) -> Day {
        self.0
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        let (_, next) = Period::Monthly.around(self.0.start());
        Self(Day::of(next))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.0.to_string();
        f.write_str(day.get(..7).unwrap_or(&day))
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    /// Reads `YYYY-MM`.
    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let day: Day = format!("{text}-01").parse().map_err(|_| NotAMonth)?;
        Ok(Self(day))
    }
}

// === impl NotAMonth ===

impl fmt::Display for NotAMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a month is written YYYY-MM, and not before 1970")
    }
}

impl std::error::Error for NotAMonth {}
