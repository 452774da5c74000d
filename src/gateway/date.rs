//! A date as JSON has it.

use std::time::{SystemTime, UNIX_EPOCH};

/// RFC 3339, in UTC. From days to a date by Howard Hinnant's `civil_from_days`.
pub(super) fn date(at: SystemTime) -> String {
    let age = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (age.as_secs() / 86_400, age.as_secs() % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, rest) = (second / 3600, second / 60 % 60, second % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{rest:02}.{:03}Z",
        age.subsec_millis()
    )
}
