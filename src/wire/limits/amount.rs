//! How many?

/// More than any account may do: what is larger counts as so much.
pub(super) const MOST: u64 = 1_000_000_000;

/// A count, such as `59`, `59.5` or, with the policies of the IETF's draft behind it, `100, 100;w=60`. None where it is no count, as
/// the `-1` by which Azure says that it does not know.
pub(super) fn amount(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, rest) = text.split_at(digits);
    let ends = rest.is_empty()
        || rest.starts_with([';', ' '])
        || rest.starts_with(", ")
        || is_fraction(rest);
    if digits == 0 || !ends {
        return None;
    }
    // Only digits are in it, so that nothing but its size can be wrong.
    Some(count.parse().unwrap_or(MOST).min(MOST))
}

fn is_fraction(rest: &str) -> bool {
    let digits = rest.strip_prefix('.');
    digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
}
