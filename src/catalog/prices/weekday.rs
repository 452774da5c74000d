//! Days of the week, and sets of them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Which day of the week is it, in UTC?
///
/// ```
/// use std::time::UNIX_EPOCH;
/// use switchtower::catalog::Weekday;
///
/// assert_eq!(Weekday::of(UNIX_EPOCH), Weekday::Thursday);
/// assert_eq!(Weekday::iso(7), Some(Weekday::Sunday));
/// assert_eq!(Weekday::named("mon"), Some(Weekday::Monday));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weekday {
    /// `mon`
    Monday,
    /// `tue`
    Tuesday,
    /// `wed`
    Wednesday,
    /// `thu`
    Thursday,
    /// `fri`
    Friday,
    /// `sat`
    Saturday,
    /// `sun`
    Sunday,
}

/// A set of days: bit *i* is day *i*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weekdays(u8);

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;
/// 1970-01-01 was a Thursday, the fourth of the week.
const EPOCH: u64 = 3;

// === impl Weekday ===

impl Weekday {
    /// All of them, Monday first.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// The day at that moment; what is before 1970 counts as its first day.
    #[must_use]
    pub fn of(wall: SystemTime) -> Self {
        let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let days = since.as_secs() / SECONDS_PER_DAY;
        Self::ALL[((days + EPOCH) % 7) as usize]
    }

    /// The day of that number in ISO 8601: Monday is 1, Sunday is 7.
    #[must_use]
    pub fn iso(number: u8) -> Option<Self> {
        let index = number.checked_sub(1)?;
        Self::ALL.get(usize::from(index)).copied()
    }

    /// How a catalogue spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monday => "mon",
            Self::Tuesday => "tue",
            Self::Wednesday => "wed",
            Self::Thursday => "thu",
            Self::Friday => "fri",
            Self::Saturday => "sat",
            Self::Sunday => "sun",
        }
    }

    /// How OpenRouter spells it.
    #[must_use]
    pub const fn openrouter_name(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    /// The day of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.name() == name)
    }
}

// === impl Weekdays ===

impl Weekdays {
    pub(super) fn of(days: &[Weekday]) -> Self {
        Self(days.iter().fold(0, |set, day| set | 1 << *day as u8))
    }

    pub(super) fn contains(self, day: Weekday) -> bool {
        self.0 & 1 << day as u8 != 0
    }
}
