//! Some providers cut what they say between the bytes of a letter. A client that decodes strictly would lose the whole answer for it.

use bytes::Bytes;

pub(super) fn is_text(bytes: &[u8]) -> bool {
    // Most words are a few bytes, for which this is a quarter of the work.
    bytes.is_ascii() || simdutf8::basic::from_utf8(bytes).is_ok()
}

/// With U+FFFD in place of what is no UTF-8, as browsers show it.
pub(super) fn text(bytes: Bytes) -> Bytes {
    match is_text(&bytes) {
        true => bytes,
        false => String::from_utf8_lossy(&bytes).into_owned().into(),
    }
}
