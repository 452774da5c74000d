//! A small JSON object that a caller sends, field by field.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, SystemTime};

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::calendar::read_timestamp;
use crate::error::Error;
use crate::kind::Kind;
use crate::money::{Money, ParsePriceError};

/// The fields that are not read yet. A field that nobody reads is an error: to ignore it would hide a misspelling.
#[derive(Debug)]
pub(super) struct Input(BTreeMap<String, Box<RawValue>>);

/// What a field says: nothing if it is not there, `Some(None)` if it is null.
pub(super) type Given<T> = Option<Option<T>>;

/// No object that is sent here needs more: OpenRouter's longest has three lists of a hundred names.
const LONGEST: usize = 256 * 1024;
/// How long it may take to send it.
const SLOWEST: Duration = Duration::from_secs(30);

/// The body of a request to manage something.
pub(super) async fn body(body: Body) -> Result<Bytes, Error> {
    let read = timeout(SLOWEST, to_bytes(body, LONGEST)).await;
    let read = read.map_err(|_| Error::new(Kind::SlowRequest, "the body takes too long"))?;
    read.map_err(|source| {
        let message = "the body is longer than 256 KiB, or has broken off";
        Error::new(Kind::TooLarge, message).with_source(source)
    })
}

// === impl Input ===

impl Input {
    /// Reads the object.
    pub(super) fn read(json: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(json)
            .map_err(|why| Error::new(Kind::Invalid, format!("the body is no JSON object: {why}")))
    }

    /// Is there nothing more to read?
    pub(super) fn finish(self) -> Result<(), Error> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => {
                let name: String = name.chars().take(64).collect();
                Err(wrong(&name, "is not a field of this request"))
            }
        }
    }

    /// A text of so many bytes at the most, of which one at least is no blank.
    pub(super) fn text(&mut self, name: &str, most: usize) -> Result<Given<String>, Error> {
        let text = self.take::<String>(name, "must be a string")?;
        match &text {
            Some(Some(text)) if text.trim().is_empty() => Err(wrong(name, "is empty")),
            Some(Some(text)) if text.len() > most => {
                Err(wrong(name, &format!("is longer than {most} bytes")))
            }
            _ => Ok(text),
        }
    }

    /// A boolean, which is never null.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Error> {
        let flag = self.take(name, "must be true or false")?;
        present(name, flag, "must be true or false")
    }

    /// A whole number, not below zero.
    pub(super) fn number(&mut self, name: &str) -> Result<Given<u64>, Error> {
        self.take(name, "must be a whole number, not below zero")
    }

    /// USD as a JSON number, not below zero, to the nearest picodollar: whoever reckons in floats says 0.30000000000000004.
    pub(super) fn money(&mut self, name: &str) -> Result<Given<Money>, Error> {
        match self.usd(name, |text| Money::nearest(text, 0))? {
            Some(Some(money)) if money < Money::ZERO => Err(wrong(name, "is below zero")),
            given => Ok(given),
        }
    }

    /// USD as a JSON number, below zero too, of which no digit is lost.
    pub(super) fn amount(&mut self, name: &str) -> Result<Given<Money>, Error> {
        self.usd(name, str::parse)
    }

    fn usd(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<Money, ParsePriceError>,
    ) -> Result<Given<Money>, Error> {
        let Some(raw) = self.0.remove(name) else {
            return Ok(None);
        };
        match raw.get() {
            "null" => Ok(Some(None)),
            // RFC 8259 lets no number begin with anything else.
            text if !text.starts_with(|it: char| it == '-' || it.is_ascii_digit()) => {
                Err(wrong(name, "must be a number"))
            }
            text => match read(text) {
                Ok(money) => Ok(Some(Some(money))),
                Err(why) => Err(wrong(name, &ParsePriceError::to_string(&why))),
            },
        }
    }

    /// A time of RFC 3339 in UTC.
    pub(super) fn time(&mut self, name: &str) -> Result<Given<SystemTime>, Error> {
        let Some(Some(text)) = self.text(name, 64)?.map(Some) else {
            return Ok(None);
        };
        let Some(text) = text else {
            return Ok(Some(None));
        };
        let why = "must be a time in UTC, such as 2027-12-31T23:59:59Z";
        let at = read_timestamp(&text).ok_or_else(|| wrong(name, why))?;
        Ok(Some(Some(at)))
    }

    /// So many names at the most, and one at least, none of which is empty.
    pub(super) fn names(&mut self, name: &str, most: usize) -> Result<Given<Vec<String>>, Error> {
        let names = self.take::<Vec<String>>(name, "must be a list of strings")?;
        let Some(Some(listed)) = &names else {
            return Ok(names);
        };
        if listed.is_empty() || listed.len() > most {
            let why = format!("must have 1 to {most} entries; null takes the restriction away");
            return Err(wrong(name, &why));
        }
        match (listed.iter()).all(|name| name.len() <= 256 && !name.trim().is_empty()) {
            true => Ok(names),
            false => Err(wrong(
                name,
                "has an entry that is empty, or longer than 256 bytes",
            )),
        }
    }

    /// An object in this one.
    pub(super) fn object(&mut self, name: &str) -> Result<Given<Self>, Error> {
        self.take(name, "must be an object")
    }

    fn take<T: for<'a> Deserialize<'a>>(
        &mut self,
        name: &str,
        must: &str,
    ) -> Result<Given<T>, Error> {
        let Some(raw) = self.0.remove(name) else {
            return Ok(None);
        };
        let read = serde_json::from_str(raw.get());
        read.map(Some).map_err(|_| wrong(name, must))
    }
}

/// What is never null.
pub(super) fn present<T>(name: &str, given: Given<T>, must: &str) -> Result<Option<T>, Error> {
    match given {
        Some(None) => Err(wrong(name, must)),
        given => Ok(given.flatten()),
    }
}

/// What has to be there.
pub(super) fn required<T>(name: &str, given: Given<T>) -> Result<T, Error> {
    given.flatten().ok_or_else(|| wrong(name, "is missing"))
}

/// The field at fault, and why.
pub(super) fn wrong(name: &str, why: &str) -> Error {
    Error::new(Kind::Invalid, format!("`{name}` {why}")).with_param(name.to_owned())
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Input;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Input, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            match fields.entry(name) {
                Entry::Vacant(place) => place.insert(value),
                // Two readers might read two different requests.
                Entry::Occupied(_) => return Err(A::Error::custom("a field stands in it twice")),
            };
        }
        Ok(Input(fields))
    }
}
