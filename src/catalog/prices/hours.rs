//! A window of the day.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A window of every day in UTC: from its first minute up to, but not including, its last. It may wrap midnight.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use switchtower::catalog::Hours;
///
/// let night: Hours = "22:00-06:00".parse()?;
/// assert_eq!(night, Hours::hhmm(2200, 600)?);
///
/// let at = |hours: u64| UNIX_EPOCH + Duration::from_secs(hours * 60 * 60);
/// assert!(night.contains(at(22)) && night.contains(at(5)));
/// assert!(!night.contains(at(6)));
/// # Ok::<(), switchtower::catalog::InvalidHours>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hours {
    /// Minutes since midnight, up to `MIDNIGHT`, which is that of the next day.
    start: u16,
    end: u16,
}

/// Why is this no [`Hours`]?
///
/// ```
/// use switchtower::catalog::{Hours, InvalidHours};
///
/// assert_eq!(Hours::hhmm(900, 1760), Err(InvalidHours::NoTime));
/// assert_eq!(Hours::hhmm(900, 900), Err(InvalidHours::Empty));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidHours {
    /// It is not two times such as `22:00-06:00`.
    NotAWindow,
    /// One of them is not a time between 00:00 and 24:00.
    NoTime,
    /// It begins when it ends, so that no moment is in it.
    Empty,
}

const MIDNIGHT: u16 = 24 * 60;

// === impl Hours ===

impl Hours {
    /// From and to a time as OpenRouter writes it: 100 is 01:00, 1030 is 10:30, and 2400 ends the day.
    ///
    /// # Errors
    ///
    /// If one is no time, or both are the same.
    pub fn hhmm(start: u16, end: u16) -> Result<Self, InvalidHours> {
        let minutes = |hhmm: u16| {
            let (hours, minutes) = (hhmm / 100, hhmm % 100);
            let of_day = hours * 60 + minutes;
            (minutes < 60 && of_day <= MIDNIGHT).then_some(of_day)
        };
        let start = minutes(start).ok_or(InvalidHours::NoTime)?;
        let end = minutes(end).ok_or(InvalidHours::NoTime)?;
        match start % MIDNIGHT == end {
            true => Err(InvalidHours::Empty),
            false => Ok(Self {
                start: start % MIDNIGHT,
                end,
            }),
        }
    }

    /// The first time that is in it, as OpenRouter writes it.
    #[must_use]
    pub fn start(self) -> u16 {
        hhmm(self.start)
    }

    /// The first time after it, likewise; 2400 if it ends with the day.
    #[must_use]
    pub fn end(self) -> u16 {
        hhmm(self.end)
    }

    /// Is that moment in it?
    #[must_use]
    pub fn contains(self, wall: SystemTime) -> bool {
        let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = (since.as_secs() / 60 % u64::from(MIDNIGHT)) as u16;
        match self.start < self.end {
            true => (self.start..self.end).contains(&now),
            false => now >= self.start || now < self.end,
        }
    }
}

fn hhmm(minutes: u16) -> u16 {
    minutes / 60 * 100 + minutes % 60
}

impl FromStr for Hours {
    type Err = InvalidHours;

    fn from_str(text: &str) -> Result<Self, InvalidHours> {
        let (start, end) = text.split_once('-').ok_or(InvalidHours::NotAWindow)?;
        Self::hhmm(time(start)?, time(end)?)
    }
}

fn time(text: &str) -> Result<u16, InvalidHours> {
    let digits = |part: &str| {
        let two = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        two.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = text.split_once(':').ok_or(InvalidHours::NotAWindow)?;
    match (digits(hours), digits(minutes)) {
        (Some(hours), Some(minutes)) => Ok(hours * 100 + minutes),
        _ => Err(InvalidHours::NotAWindow),
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end } = self;
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            start / 60,
            start % 60,
            end / 60,
            end % 60
        )
    }
}

// === impl InvalidHours ===

impl fmt::Display for InvalidHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAWindow => "is not two times of the day such as 22:00-06:00",
            Self::NoTime => "has a time that is not between 00:00 and 24:00",
            Self::Empty => "begins when it ends",
        })
    }
}

impl std::error::Error for InvalidHours {}
