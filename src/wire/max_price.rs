use super::json::{Cursor, Kind, decimal};
use super::{Invalid, shape};

/// How much may it cost?
///
/// Plain decimal numbers, unsigned and without exponent, as [`decimal`] writes them, whether they were sent as numbers or
/// as strings. See [`Preferences`](super::Preferences) for an example.
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
            let place = match field {
                "provider.max_price.prompt" => &mut max.prompt,
                "provider.max_price.completion" => &mut max.completion,
                "provider.max_price.request" => &mut max.request,
                "provider.max_price.image" => &mut max.image,
                _ => &mut max.audio,
            };
            *place = price(cursor, field)?;
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
