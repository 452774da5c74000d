//! What was sealed, as text.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::master::CannotOpen;

/// What was sealed: under which key, with which nonce, and as what. As text it is `x1.` and these three, in hexadecimal
/// digits, with points between.
///
/// ```
/// use switchtower::keys::{MasterKeys, Place, Sealed};
///
/// let keys = MasterKeys::parse(&"00".repeat(32))?;
/// let sealed = keys.seal(b"sk", &Place { kind: "byok", id: "1", account: "acme" }, [7; 24]);
/// assert_eq!(sealed.to_string().parse::<Sealed>()?, sealed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub(super) by: String,
    pub(super) nonce: [u8; 24],
    pub(super) text: Vec<u8>,
}

/// The first way to seal.
const WAY: &str = "x1";

// === impl Sealed ===

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WAY}.{}.", self.by)?;
        self.nonce
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(".")?;
        self.text
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Sealed {
    type Err = CannotOpen;

    fn from_str(text: &str) -> Result<Self, CannotOpen> {
        let parts: Vec<_> = text.split('.').collect();
        let [WAY, by, nonce, text] = parts[..] else {
            return Err(CannotOpen);
        };
        let nonce = hex(nonce).and_then(|nonce| nonce.try_into().ok());
        Ok(Self {
            by: by.to_owned(),
            nonce: nonce.ok_or(CannotOpen)?,
            text: hex(text).ok_or(CannotOpen)?,
        })
    }
}

/// Thirty-two bytes, in hexadecimal digits or in Base64, with padding or without.
pub(super) fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(match text.len() {
        64 => hex(text)?,
        43 | 44 => base64(text)?,
        _ => return None,
    });
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return None;
    }
    key.copy_from_slice(&bytes);
    Some(key)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pair = |pair: &[u8]| Some((digit(pair[0])? << 4 | digit(*pair.get(1)?)?) as u8);
    text.as_bytes().chunks(2).map(pair).collect()
}

/// RFC 4648, either alphabet.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_suffix('=').unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    (bits == 0).then_some(bytes)
}
