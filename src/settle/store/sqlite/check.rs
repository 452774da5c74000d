//! Is it as it was written?

/// A check of all these parts, in this order: 32 bits of FNV-1a, of eight bytes at a time.
///
/// It is for damage, not for malice. <http://www.isthe.com/chongo/tech/comp/fnv/>
pub(super) fn check(parts: &[&[u8]]) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut mix = |word: u64| {
        hash = (hash ^ word)
            .wrapping_mul(0x0000_0100_0000_01b3)
            .rotate_left(29)
    };
    for part in parts {
        mix(part.len() as u64);
        for chunk in part.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(u64::from_le_bytes(word));
        }
    }
    (hash ^ (hash >> 32)) as u32
}
