//! Values as bytes, and back: few bytes for what is small, and nothing believed on the way back.

use super::check::check;

/// Values on their way into bytes.
#[derive(Debug, Default)]
pub(super) struct Put(Vec<u8>);

/// Bytes on their way into values. None where they are not what was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Take<'a>(&'a [u8]);

// === impl Put ===

impl Put {
    /// Seven bits a byte, the lowest first.
    pub(super) fn wide(&mut self, mut number: u128) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(super) fn number(&mut self, number: u64) {
        self.wide(number.into());
    }

    /// With the sign in the lowest bit, so that what is small is short, be it negative.
    pub(super) fn signed(&mut self, number: i128) {
        self.wide((number << 1 ^ number >> 127) as u128);
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.0.push(flag.into());
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.raw(text.as_bytes());
    }

    pub(super) fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            put(self, value);
        }
    }

    /// A text that is mostly that one.
    pub(super) fn likely(&mut self, text: Option<&str>, that: Option<&str>) {
        match text {
            _ if text == that => self.number(0),
            None => self.number(1),
            Some(text) => {
                self.number(2);
                self.text(text);
            }
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// With a check of it and of what it belongs to.
    pub(super) fn sealed(mut self, to: &[&[u8]]) -> Vec<u8> {
        let check = check(&[to, &[&self.0]].concat());
        self.raw(&check.to_le_bytes());
        self.0
    }
}

// === impl Take ===

impl<'a> Take<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Those that were sealed to this.
    pub(super) fn unsealed(bytes: &'a [u8], to: &[&[u8]]) -> Option<Self> {
        let (bytes, seal) = bytes.split_last_chunk()?;
        let known = check(&[to, &[bytes]].concat());
        (known == u32::from_le_bytes(*seal)).then_some(Self(bytes))
    }

    pub(super) fn wide(&mut self) -> Option<u128> {
        let mut number = 0;
        for shift in (0..128).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        self.wide()?.try_into().ok()
    }

    pub(super) fn signed(&mut self) -> Option<i128> {
        let number = self.wide()?;
        Some((number >> 1) as i128 ^ -((number & 1) as i128))
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(super) fn raw(&mut self, count: usize) -> Option<&'a [u8]> {
        let (raw, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(raw)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let count = self.number()?.try_into().ok()?;
        Some(std::str::from_utf8(self.raw(count)?).ok()?.to_owned())
    }

    /// None where the bytes are wrong, some of none where there was none.
    pub(super) fn maybe<T>(
        &mut self,
        take: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.flag()? {
            true => take(self).map(Some),
            false => Some(None),
        }
    }

    pub(super) fn likely(&mut self, that: Option<&str>) -> Option<Option<String>> {
        match self.number()? {
            0 => Some(that.map(str::to_owned)),
            1 => Some(None),
            2 => self.text().map(Some),
            _ => None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// That was all.
    pub(super) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
