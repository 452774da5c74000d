use super::json::{Cursor, Kind, decimal};
use super::{Invalid, shape};

/// How much may it cost?
///
/// Plain decimal numbers, unsigned and without exponent, as [`decimal`] writes them. See
/// [`Preferences`](super::Preferences) for an example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaxPrice {
    /// USD per million tokens of input.
    pub prompt: Option<String>,
    /// USD per million tokens of output.
    pub completion: Option<String>,
    /// USD per request.
    pub request: Option<String>,
    /// USD per image of the prompt.
    pub image: Option<String>,
    /// USD per unit of audio.
    pub audio: Option<String>,
}

// === impl MaxPrice ===

impl MaxPrice {
    /// Reads an object or null.
    pub(super) fn read(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Self, Invalid> {
        let mut max = Self::default();
        let kinds = [Kind::Object, Kind::Null];
        if shape::kind(cursor, field, &kinds, "an object or null")? == Kind::Null {
            cursor.skip()?;
            return Ok(max);
        }
        shape::members(cursor, field, &PRICES, |cursor, field| {
            match field {
                "provider.max_price.prompt" => max.prompt = price(cursor, field)?,
                "provider.max_price.completion" => max.completion = price(cursor, field)?,
                "provider.max_price.request" => max.request = price(cursor, field)?,
                _ => shape::unserved(cursor, field)?,
            }
            Ok(())
        })?;
        Ok(max)
    }
}

const PRICES: [&str; 5] = [
    "provider.max_price.prompt",
    "provider.max_price.completion",
    "provider.max_price.request",
    "provider.max_price.image",
    "provider.max_price.audio",
];

fn price(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Option<String>, Invalid> {
    let expected = "a price: a number, or a string that holds one";
    let at = shape::at(cursor)?;
    let text = cursor.source();
    let price = match cursor.peek()? {
        Kind::Null => return cursor.skip().map(|_| None).map_err(Invalid::from),
        Kind::Number => decimal(cursor.skip()?.of(text)),
        Kind::String => decimal(&cursor.string()?.bytes(text)),
        _ => None,
    };
    match price {
        Some(price) => Ok(Some(price)),
        None => Err(shape::mistyped(field, expected, at)),
    }
}
