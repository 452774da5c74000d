//! JSON as it stands in a file: walked, never turned into floats.

use std::borrow::Cow;
use std::num::NonZeroU64;

use crate::Price;
use crate::catalog::{Gap, Weekday};
use crate::wire::json::{Cursor, Syntax, decimal, integer};

/// A value whose text was checked as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a>(&'a [u8]);

/// For how many units is a price?
#[derive(Debug, Clone, Copy)]
pub(super) enum Per {
    One,
    Thousand,
    Million,
}

/// Those of [`Price`]: 10⁻¹⁵ USD.
const PLACES: usize = 15;

// === impl Value ===

impl<'a> Value<'a> {
    /// Checks the whole text, which must be UTF-8.
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, Syntax> {
        let mut cursor = Cursor::new(text)?;
        let value = cursor.skip()?.of(text);
        cursor.end()?;
        Ok(Value(value))
    }

    /// The members of an object, in order; none of anything else.
    pub(super) fn members(self) -> Vec<(Cow<'a, str>, Value<'a>)> {
        self.read_members().unwrap_or_default()
    }

    /// The items of an array; none of anything else.
    pub(super) fn items(self) -> Vec<Value<'a>> {
        self.read_items().unwrap_or_default()
    }

    /// The first member of that name.
    pub(super) fn get(self, name: &str) -> Option<Value<'a>> {
        let mut cursor = Cursor::new(self.0).ok()?;
        cursor.object().ok()?;
        while let Some(key) = cursor.next_member().ok()? {
            let value = cursor.skip().ok()?;
            if key.is(self.0, name) {
                return Some(Value(value.of(self.0)));
            }
        }
        None
    }

    pub(super) fn is_object(self) -> bool {
        self.0.first() == Some(&b'{')
    }

    pub(super) fn is_array(self) -> bool {
        self.0.first() == Some(&b'[')
    }

    pub(super) fn is_null(self) -> bool {
        self.0 == b"null"
    }

    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        Some(Cursor::new(self.0).ok()?.string().ok()?.decode(self.0))
    }

    /// A whole number, however it is spelled: `128000`, `128000.0` or `1.28e5`.
    pub(super) fn integer(self) -> Option<u64> {
        integer(self.0)
    }

    pub(super) fn bool(self) -> Option<bool> {
        match self.0 {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// A number, or a string that spells one, in USD for so many units.
    ///
    /// Digits beyond 10⁻¹⁵ USD for one unit are noise that a float has left; they are rounded away. What is not zero
    /// never becomes zero.
    pub(super) fn price(self, per: Per) -> Result<Price, Gap> {
        let text = self.text();
        let number = text.as_deref().map_or(self.0, str::as_bytes);
        if number.first() == Some(&b'-') {
            return Err(Gap::Varies);
        }
        let plain = decimal(number).ok_or(Gap::Unreadable)?;
        femtodollars(&plain, per.places())
            .map(Price::from_femtodollars)
            .ok_or(Gap::Unreadable)
    }

    fn read_members(self) -> Result<Vec<(Cow<'a, str>, Value<'a>)>, Syntax> {
        let mut cursor = Cursor::new(self.0)?;
        cursor.object()?;
        let mut members = Vec::new();
        while let Some(key) = cursor.next_member()? {
            members.push((key.decode(self.0), Value(cursor.skip()?.of(self.0))));
        }
        Ok(members)
    }

    fn read_items(self) -> Result<Vec<Value<'a>>, Syntax> {
        let mut cursor = Cursor::new(self.0)?;
        cursor.array()?;
        let mut items = Vec::new();
        while cursor.next_item()? {
            items.push(Value(cursor.skip()?.of(self.0)));
        }
        Ok(items)
    }
}

fn femtodollars(plain: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let kept = &fraction[..fraction.len().min(places)];
    let digits = format!("{whole}{kept:0<places$}");
    let up = fraction.as_bytes().get(places).is_some_and(|b| *b >= b'5');
    let value = digits.parse::<u64>().ok()?.checked_add(u64::from(up))?;
    let is_zero = plain.bytes().all(|b| matches!(b, b'0' | b'.'));
    (value > 0 || is_zero).then_some(value)
}

// === impl Per ===

impl Per {
    fn places(self) -> usize {
        match self {
            Per::One => PLACES,
            Per::Thousand => PLACES - 3,
            Per::Million => PLACES - 6,
        }
    }
}

/// A number of tokens.
pub(super) fn tokens(object: Value<'_>, key: &str) -> Option<NonZeroU64> {
    object.get(key)?.integer().and_then(NonZeroU64::new)
}

/// Days by their names, whole or of three letters, or by their numbers of ISO 8601.
pub(super) fn weekdays(days: Value<'_>) -> Option<Vec<Weekday>> {
    let day = |day: Value<'_>| match day.text() {
        Some(name) => Weekday::named(name.to_ascii_lowercase().get(..3)?),
        None => Weekday::iso(u8::try_from(day.integer()?).ok()?),
    };
    days.items().into_iter().map(day).collect()
}
