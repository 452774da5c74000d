//! What PostgreSQL can hold, of texts and numbers.

/// PostgreSQL's texts have no letter of the number zero.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(super) fn cleaned(text: Option<&str>) -> Option<String> {
    text.map(clean)
}

/// The largest number that a `bigint` has, if it is more.
pub(super) fn small(number: u64) -> u64 {
    number.min(i64::MAX.unsigned_abs())
}
