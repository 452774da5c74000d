//! Many bytes of text, looked at all at once.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, mask8x64, u8x16, u8x64};

/// The last of the control characters that JSON wants escaped.
const LAST_CONTROL: u8 = 0x1f;

/// So many bytes that each answer is a word: a bit a byte, the lowest that of the first. Whatever the processor has
/// for that: one register of AVX-512, two of AVX2, four of SSE2 or NEON.
// All of it is `inline(always)`: only inside of who has checked for the instructions may they be used.
pub(super) struct Lanes<S: Simd>(u8x64<S>);

/// How far is it to the first quote, backslash or control character, if there is one?
#[inline]
pub(super) fn first_special(text: &[u8; 16]) -> Option<usize> {
    // What each processor of this kind has: so few bytes are not worth asking this one.
    let special = dispatch!(Level::baseline(), simd => {
        let bytes = u8x16::from_slice(simd, text);
        let special = bytes.simd_eq(b'"') | bytes.simd_eq(b'\\') | bytes.simd_le(LAST_CONTROL);
        special.to_bitmask()
    });
    (special != 0).then_some(special.trailing_zeros() as usize)
}

// === impl Lanes ===

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    pub(super) fn of(simd: S, text: &[u8; 64]) -> Self {
        Self(u8x64::from_slice(simd, text))
    }

    /// No quote, backslash or control character.
    #[inline(always)]
    pub(super) fn are_plain(&self) -> bool {
        !(self.are(b'"') | self.are(b'\\') | self.0.simd_le(LAST_CONTROL)).any_true()
    }

    #[inline(always)]
    pub(super) fn backslashes(&self) -> u64 {
        self.are(b'\\').to_bitmask()
    }

    #[inline(always)]
    pub(super) fn quotes_and_controls(&self) -> u64 {
        (self.are(b'"') | self.0.simd_le(LAST_CONTROL)).to_bitmask()
    }

    /// Whatever makes an escape of a backslash before it, `u` apart.
    #[inline(always)]
    pub(super) fn escapes(&self) -> u64 {
        // `b` and `f` differ in one bit, `f` and `n` in another.
        let b_or_f = (self.0 & !0x04).simd_eq(b'b');
        let f_or_n = (self.0 & !0x08).simd_eq(b'f');
        let others = (self.are(b'r') | self.are(b't')) | self.are(b'/');
        ((self.are(b'"') | self.are(b'\\')) | (b_or_f | f_or_n) | others).to_bitmask()
    }

    #[inline(always)]
    pub(super) fn letters_u(&self) -> u64 {
        self.are(b'u').to_bitmask()
    }

    #[inline(always)]
    pub(super) fn hex_digits(&self) -> u64 {
        let letters = self.0 | 0x20;
        ((self.0 - b'0').simd_le(9) | (letters - b'a').simd_le(5)).to_bitmask()
    }

    #[inline(always)]
    fn are(&self, byte: u8) -> mask8x64<S> {
        self.0.simd_eq(byte)
    }
}
