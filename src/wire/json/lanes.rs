//! Many bytes of text, looked at all at once.

use wide::u8x16;

/// The last of the control characters that JSON wants escaped.
const LAST_CONTROL: u8 = 0x1f;

/// So many bytes that each answer is a word: a bit a byte, the lowest that of the first.
pub(super) struct Lanes([u8x16; 4]);

/// How far is it to the first quote, backslash or control character, if there is one?
#[inline]
pub(super) fn first_special(text: &[u8; 16]) -> Option<usize> {
    let special = special(u8x16::new(*text)).to_bitmask();
    (special != 0).then_some(special.trailing_zeros() as usize)
}

// === impl Lanes ===

impl Lanes {
    pub(super) const COUNT: usize = 64;

    #[inline]
    pub(super) fn of(text: &[u8; Self::COUNT]) -> Self {
        let (vectors, _) = text.as_chunks();
        Self(std::array::from_fn(|i| u8x16::new(vectors[i])))
    }

    /// No quote, backslash or control character.
    #[inline]
    pub(super) fn are_plain(&self) -> bool {
        let [a, b, c, d] = self.0.map(special);
        ((a | b) | (c | d)).to_bitmask() == 0
    }

    #[inline]
    pub(super) fn backslashes(&self) -> u64 {
        self.each(|bytes| are(bytes, b'\\'))
    }

    #[inline]
    pub(super) fn quotes_and_controls(&self) -> u64 {
        self.each(|bytes| are(bytes, b'"') | at_most(bytes, LAST_CONTROL))
    }

    /// Whatever makes an escape of a backslash before it, `u` apart.
    #[inline]
    pub(super) fn escapes(&self) -> u64 {
        self.each(|bytes| {
            // `b` and `f` differ in one bit, `f` and `n` in another.
            let b_or_f = are(bytes & u8x16::splat(!0x04), b'b');
            let f_or_n = are(bytes & u8x16::splat(!0x08), b'f');
            let others = (are(bytes, b'r') | are(bytes, b't')) | are(bytes, b'/');
            (are(bytes, b'"') | are(bytes, b'\\')) | (b_or_f | f_or_n) | others
        })
    }

    #[inline]
    pub(super) fn letters_u(&self) -> u64 {
        self.each(|bytes| are(bytes, b'u'))
    }

    #[inline]
    pub(super) fn hex_digits(&self) -> u64 {
        self.each(|bytes| {
            let letters = bytes | u8x16::splat(0x20);
            at_most(bytes - u8x16::splat(b'0'), 9) | at_most(letters - u8x16::splat(b'a'), 5)
        })
    }

    #[inline(always)]
    fn each(&self, hits: impl Fn(u8x16) -> u8x16) -> u64 {
        let [a, b, c, d] = self.0.map(|bytes| u64::from(hits(bytes).to_bitmask()));
        (a | b << 16) | (c << 32 | d << 48)
    }
}

#[inline(always)]
fn are(bytes: u8x16, byte: u8) -> u8x16 {
    bytes.simd_eq(u8x16::splat(byte))
}

#[inline(always)]
fn at_most(bytes: u8x16, most: u8) -> u8x16 {
    bytes.min(u8x16::splat(most)).simd_eq(bytes)
}

#[inline(always)]
fn special(bytes: u8x16) -> u8x16 {
    (are(bytes, b'"') | are(bytes, b'\\')) | at_most(bytes, LAST_CONTROL)
}
