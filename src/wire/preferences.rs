use super::json::Cursor;
use super::thresholds::Bound;
use super::{Invalid, MaxPrice, Partition, Quantizations, Sort, Thresholds, shape};

/// Which providers does the caller want, and in what order?
///
/// OpenRouter's `provider` object, all of it. Each member may be null, which is as good as absent; a member that
/// nobody knows, and a value that a member cannot have, is refused rather than ignored.
///
/// | field | value | without it |
/// |---|---|---|
/// | `order`, `only`, `ignore` | at most 256 names of providers or endpoints; empty asks for nothing | |
/// | `allow_fallbacks` | a boolean | `true` |
/// | `require_parameters`, `zdr`, `enforce_distillable_text` | a boolean | `false` |
/// | `data_collection` | `"allow"` or `"deny"` | `"allow"` |
/// | `quantizations` | names, see [`Quantization`](super::Quantization); empty asks for nothing | |
/// | `sort` | `"price"`, `"throughput"`, `"latency"`, `"exacto"`, or `{by, partition}` | load is balanced |
/// | `sort.partition` | `"model"` or `"none"` | what `route` says, or `"model"` |
/// | `preferred_min_throughput` | tokens a second: a number, or numbers as `p50`, `p75`, `p90`, `p99` | |
/// | `preferred_max_latency` | seconds: likewise | |
/// | `max_price` | `prompt`, `completion`, `request`, `image`, `audio`: numbers, or strings of them | |
///
/// The deprecated field `route` beside `provider` is read as a partition: `"fallback"` is `"model"`, `"sort"` is
/// `"none"`. A partition says over what a `sort` ranges; without one, be it of a model's variant, it says nothing.
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
    /// Over what `sort` ranges; none means [`Partition::Model`].
    pub partition: Option<Partition>,
    /// Ask those last that are slower, in thousandths of a token a second.
    pub preferred_min_throughput: Thresholds,
    /// Ask those last whose first token comes later, in microseconds.
    pub preferred_max_latency: Thresholds,
    /// Ask none that costs more.
    pub max_price: MaxPrice,
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
            partition: None,
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
                "provider.require_parameters" => {
                    wanted.require_parameters = shape::flag(cursor, field)? == Some(true);
                }
                "provider.data_collection" => {
                    let expected = "\"allow\", \"deny\" or null";
                    let denied = shape::choice(cursor, field, expected, denies)?;
                    wanted.deny_data_collection = denied == Some(true);
                }
                "provider.zdr" => wanted.zdr = shape::flag(cursor, field)? == Some(true),
                "provider.enforce_distillable_text" => {
                    wanted.enforce_distillable_text = shape::flag(cursor, field)? == Some(true);
                }
                "provider.quantizations" => {
                    wanted.quantizations = Quantizations::read(cursor, field)?;
                }
                "provider.sort" => (wanted.sort, wanted.partition) = Sort::read(cursor, field)?,
                "provider.preferred_min_throughput" => {
                    let (bound, milli) = (Bound::AtLeast, 3);
                    wanted.preferred_min_throughput =
                        Thresholds::read(cursor, field, &THROUGHPUTS, bound, milli)?;
                }
                "provider.preferred_max_latency" => {
                    let (bound, micro) = (Bound::AtMost, 6);
                    wanted.preferred_max_latency =
                        Thresholds::read(cursor, field, &LATENCIES, bound, micro)?;
                }
                _ => wanted.max_price = MaxPrice::read(cursor, field)?,
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

const THROUGHPUTS: [&str; 4] = [
    "provider.preferred_min_throughput.p50",
    "provider.preferred_min_throughput.p75",
    "provider.preferred_min_throughput.p90",
    "provider.preferred_min_throughput.p99",
];

const LATENCIES: [&str; 4] = [
    "provider.preferred_max_latency.p50",
    "provider.preferred_max_latency.p75",
    "provider.preferred_max_latency.p90",
    "provider.preferred_max_latency.p99",
];

/// More names than any catalogue has providers: each is compared with each endpoint.
const NAMES: usize = 256;

fn list(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Vec<String>, Invalid> {
    let (mut list, mut count) = (Vec::new(), 0);
    let (text, at) = (cursor.source(), shape::at(cursor)?);
    shape::strings_or_null(cursor, field, "an array of strings or null", |item| {
        count += 1;
        if count <= NAMES {
            list.push(item.decode(text).into_owned());
        }
        true
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

fn denies(word: &str) -> Option<bool> {
    match word {
        "allow" => Some(false),
        "deny" => Some(true),
        _ => None,
    }
}
