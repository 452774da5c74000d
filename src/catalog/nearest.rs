//! What was meant by a name that does not exist?

/// How many are offered.
const MOST: usize = 3;
/// Longer names are compared by their beginning: a caller wrote them, and a [`Pattern`] is one word.
const COMPARED: usize = u64::BITS as usize;
/// A part of a name that is shorter than this says nothing.
const TELLING: usize = 3;
/// So many letters left off weigh as much as one wrong one.
const LEFT_OFF: usize = 8;

/// The known names closest to `name`, likeliest first, of which each is within a third of its length
/// in edits, or contains the other.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = folded(name);
    let (whole, slug) = (Pattern::new(&wanted), Pattern::new(after_slash(&wanted)));
    // Of the whole names or, since authors are easily forgotten, of what follows the slash.
    let distance = |known: &[char]| {
        let slugs = likeness(&slug, after_slash(known)).map(|edits| edits + 1);
        likeness(&whole, known).into_iter().chain(slugs).min()
    };
    let mut ranked: Vec<_> = known
        .filter_map(|known| Some((distance(&folded(known))?, known)))
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

fn after_slash(name: &[char]) -> &[char] {
    name.rsplit(|c| *c == '/').next().unwrap_or(name)
}

fn likeness(wanted: &Pattern<'_>, known: &[char]) -> Option<usize> {
    let (a, b) = (wanted.text, known);
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let extra = long.len() - short.len();
    if short.len() >= TELLING && long.windows(short.len()).any(|part| part == short) {
        return Some(extra.div_ceil(LEFT_OFF));
    }
    let allowed = short.len() / 3;
    if extra > allowed {
        return None;
    }
    Some(wanted.edits(known)).filter(|edits| *edits <= allowed)
}

/// A name of at most 64 letters, compared with many: for each letter the places at which it stands, as bits.
struct Pattern<'a> {
    text: &'a [char],
    ascii: [u64; 128],
    others: Vec<(char, u64)>,
}

// === impl Pattern ===

impl<'a> Pattern<'a> {
    fn new(text: &'a [char]) -> Self {
        let (mut ascii, mut others) = ([0; 128], Vec::new());
        for (place, letter) in text.iter().enumerate() {
            match ascii.get_mut(*letter as usize) {
                Some(places) => *places |= 1 << place,
                None => others.push((*letter, 1 << place)),
            }
        }
        Self {
            text,
            ascii,
            others,
        }
    }

    fn places(&self, letter: char) -> u64 {
        let other = self.others.iter().filter(|(other, _)| *other == letter);
        match self.ascii.get(letter as usize) {
            Some(places) => *places,
            None => other.fold(0, |all, (_, places)| all | places),
        }
    }

    /// The Levenshtein distance, a column at a time, each in one word of differences: G. Myers, "A fast bit-vector
    /// algorithm for approximate string matching", 1999, as H. Hyyrö has it for whole strings, 2003. A catalogue has
    /// thousands of names, and whoever misspells one has to be answered as soon as anybody else.
    fn edits(&self, text: &[char]) -> usize {
        let Some(last) = self.text.len().checked_sub(1) else {
            return text.len();
        };
        let (mut more, mut less, mut edits) = (u64::MAX, 0, self.text.len());
        for letter in text {
            let same = self.places(*letter);
            let diagonal = ((same & more).wrapping_add(more) ^ more) | same | less;
            let right = less | !(diagonal | more);
            let left = diagonal & more;
            edits += (right >> last & 1) as usize;
            edits -= (left >> last & 1) as usize;
            let right = right << 1 | 1;
            more = left << 1 | !(diagonal | right);
            less = right & diagonal;
        }
        edits
    }
}
