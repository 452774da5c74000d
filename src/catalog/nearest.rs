//! What was meant by a name that does not exist?

/// How many are offered.
const MOST: usize = 3;
/// Longer names are compared by their beginning: a caller wrote them, and the work is quadratic.
const COMPARED: usize = 64;
/// A part of a name that is shorter than this says nothing.
const TELLING: usize = 3;
/// So many letters left off weigh as much as one wrong one.
const LEFT_OFF: usize = 8;

/// The known names closest to `name`, likeliest first, of which each is within a third of its length
/// in edits, or contains the other.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = folded(name);
    let mut ranked: Vec<_> = known
        .filter_map(|known| Some((distance(&wanted, &folded(known))?, known)))
        .collect();
    ranked.sort_by_key(|(distance, known)| (*distance, known.len().abs_diff(name.len())));
    ranked.truncate(MOST);
    ranked.into_iter().map(|(_, known)| known).collect()
}

fn folded(name: &str) -> Vec<char> {
    name.chars()
        .flat_map(char::to_lowercase)
        .take(COMPARED)
        .collect()
}

/// Of the whole names or, since authors are easily forgotten, of what follows the slash.
fn distance(a: &[char], b: &[char]) -> Option<usize> {
    let whole = likeness(a, b);
    let parts = likeness(after_slash(a), after_slash(b)).map(|edits| edits + 1);
    whole.into_iter().chain(parts).min()
}

fn after_slash(name: &[char]) -> &[char] {
    name.rsplit(|c| *c == '/').next().unwrap_or(name)
}

fn likeness(a: &[char], b: &[char]) -> Option<usize> {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let extra = long.len() - short.len();
    if short.len() >= TELLING && long.windows(short.len()).any(|part| part == short) {
        return Some(extra.div_ceil(LEFT_OFF));
    }
    let allowed = short.len() / 3;
    if extra > allowed {
        return None;
    }
    Some(edits(short, long)).filter(|edits| *edits <= allowed)
}

/// Levenshtein distance, a row at a time.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, right) in b.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, left) in a.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[a.len()]
}
