use super::json::{Cursor, Kind};
use super::{Invalid, MaxPrice, Quantizations, Thresholds, shape};

/// Which providers does the caller want, and in what order?
///
/// OpenRouter's `provider` object, as far as it is served. What is known but not served yet is refused
/// rather than ignored, unless its value asks for nothing (`null`, `false`, `"allow"`).
///
/// | field | served |
/// |---|---|
/// | `order`, `only`, `ignore` | yes |
/// | `allow_fallbacks` | yes |
/// | `sort` | `"price"` |
/// | `max_price` | `prompt`, `completion`, `request` |
/// | `require_parameters`, `zdr`, `enforce_distillable_text` | not `true` |
/// | `data_collection` | not `"deny"` |
/// | `quantizations`, `preferred_min_throughput`, `preferred_max_latency` | only `null` |
///
/// ```
/// use switchtower::wire::View;
///
/// let body = br#"{"model": "m", "provider": {"order": ["acme"], "max_price": {"prompt": 1.5}}}"#;
/// let view = View::read(body)?;
/// let wanted = view.preferences().unwrap();
/// assert_eq!(wanted.order, ["acme"]);
/// assert_eq!(wanted.max_price.prompt.as_deref(), Some("1.5"));
/// assert!(wanted.allow_fallbacks);
/// # Ok::<(), switchtower::wire::Invalid>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// Ask these first, in this order.
    pub order: Vec<String>,
    /// Ask no others; empty means no such wish.
    pub only: Vec<String>,
    /// Never ask these.
    pub ignore: Vec<String>,
    /// Whether others may be asked when the first one fails.
    pub allow_fallbacks: bool,
    /// Ask only endpoints that support every parameter of the request.
    pub require_parameters: bool,
    /// Ask none that keeps what it is told for itself: `data_collection` is `"deny"`.
    pub deny_data_collection: bool,
    /// Ask only endpoints that retain nothing.
    pub zdr: bool,
    /// Ask only models whose author allows to distill from their text.
    pub enforce_distillable_text: bool,
    /// Ask only endpoints with one of these; empty means no such wish.
    pub quantizations: Quantizations,
    /// Order by this instead of balancing load.
    pub sort: Option<Sort>,
    /// Over what does `sort` range?
    pub partition: Partition,
    /// Ask those last that are slower, in thousandths of a token a second.
    pub preferred_min_throughput: Thresholds,
    /// Ask those last whose first token comes later, in microseconds.
    pub preferred_max_latency: Thresholds,
    /// Ask none that costs more.
    pub max_price: MaxPrice,
}

/// What are endpoints ordered by?
///
/// See [`Preferences`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sort {
    /// The cheapest first.
    Price,
    /// The one that writes fastest first.
    Throughput,
    /// The one whose first token comes soonest first.
    Latency,
    /// The one whose calls of tools are most often valid first.
    Exacto,
}

/// Over what does an order range?
///
/// See [`Preferences`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partition {
    /// `"model"`: all endpoints of the first model come before those of the next.
    #[default]
    Model,
    /// `"none"`: over the endpoints of all models together.
    Together,
}

// === impl Preferences ===

impl Default for Preferences {
    fn default() -> Self {
        Self {
            order: Vec::new(),
            only: Vec::new(),
            ignore: Vec::new(),
            allow_fallbacks: true,
            require_parameters: false,
            deny_data_collection: false,
            zdr: false,
            enforce_distillable_text: false,
            quantizations: Quantizations::NONE,
            sort: None,
            partition: Partition::Model,
            preferred_min_throughput: Thresholds::default(),
            preferred_max_latency: Thresholds::default(),
            max_price: MaxPrice::default(),
        }
    }
}

impl Preferences {
    /// Reads the object before which `cursor` stands.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Invalid> {
        let mut wanted = Self::default();
        shape::members(cursor, "provider", &FIELDS, |cursor, field| {
            match field {
                "provider.order" => wanted.order = list(cursor, field)?,
                "provider.only" => wanted.only = list(cursor, field)?,
                "provider.ignore" => wanted.ignore = list(cursor, field)?,
                "provider.allow_fallbacks" => {
                    wanted.allow_fallbacks = shape::flag(cursor, field)?.unwrap_or(true);
                }
                "provider.sort" => wanted.sort = Sort::read(cursor, field)?,
                "provider.max_price" => wanted.max_price = MaxPrice::read(cursor, field)?,
                "provider.data_collection" => data_collection(cursor, field)?,
                "provider.quantizations"
                | "provider.preferred_min_throughput"
                | "provider.preferred_max_latency" => shape::unserved(cursor, field)?,
                _ => {
                    let at = shape::at(cursor)?;
                    if shape::flag(cursor, field)? == Some(true) {
                        return Err(Invalid::Unserved { field, at });
                    }
                }
            }
            Ok(())
        })?;
        Ok(wanted)
    }
}

const FIELDS: [&str; 13] = [
    "provider.order",
    "provider.only",
    "provider.ignore",
    "provider.allow_fallbacks",
    "provider.sort",
    "provider.max_price",
    "provider.require_parameters",
    "provider.data_collection",
    "provider.zdr",
    "provider.enforce_distillable_text",
    "provider.quantizations",
    "provider.preferred_min_throughput",
    "provider.preferred_max_latency",
];

/// More names than any catalogue has providers: each is compared with each endpoint.
const NAMES: usize = 256;

fn list(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Vec<String>, Invalid> {
    let expected = "an array of strings or null";
    let mut list = Vec::new();
    if shape::kind(cursor, field, &[Kind::Array, Kind::Null], expected)? == Kind::Null {
        cursor.skip()?;
        return Ok(list);
    }
    let (text, at) = (cursor.source(), cursor.at());
    let mut count = 0;
    shape::strings(cursor, field, expected, |item| {
        count += 1;
        if count <= NAMES {
            list.push(item.decode(text).into_owned());
        }
    })?;
    match count > NAMES {
        true => Err(shape::mistyped(
            field,
            "an array of at most 256 strings",
            at,
        )),
        false => Ok(list),
    }
}

fn data_collection(cursor: &mut Cursor<'_>, field: &'static str) -> Result<(), Invalid> {
    let expected = "\"allow\", \"deny\" or null";
    let at = shape::at(cursor)?;
    match shape::word(cursor, field, expected)?.as_deref() {
        None | Some("allow") => Ok(()),
        Some("deny") => Err(Invalid::Unserved { field, at }),
        Some(_) => Err(shape::mistyped(field, expected, at)),
    }
}

// === impl Sort ===

impl Sort {
    fn read(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Option<Self>, Invalid> {
        let expected = "\"price\" or null";
        let at = shape::at(cursor)?;
        if cursor.peek()? == Kind::Object {
            return Err(Invalid::Unserved { field, at });
        }
        match shape::word(cursor, field, expected)?.as_deref() {
            None => Ok(None),
            Some("price") => Ok(Some(Self::Price)),
            Some("throughput" | "latency" | "exacto") => Err(Invalid::Unserved { field, at }),
            Some(_) => Err(shape::mistyped(field, expected, at)),
        }
    }
}
