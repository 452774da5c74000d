//! Everything that can be wrong with a catalogue.

use std::{fmt, io};

use super::{InvalidBaseUrl, InvalidHours};
use crate::ParsePriceError;
use crate::limits::NotARule;

/// What is wrong?
///
/// It prints as the end of a sentence that began with the field. No variant repeats what may be a key.
///
/// ```
/// use switchtower::catalog::Problem;
///
/// let problem = Problem::UnsetVariable { name: "OPENAI_API_KEY".into() };
/// assert_eq!(problem.to_string(), "environment variable OPENAI_API_KEY is not set");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// The file cannot be read.
    Read(io::Error),
    /// The file is longer than this many bytes.
    TooLong {
        /// The most that is read.
        limit: u64,
    },
    /// It is not TOML, or a source not JSON.
    Syntax {
        /// What the parser says.
        message: Box<str>,
    },
    /// A source is JSON, but of no format that is known, or has no row.
    UnknownFormat,
    /// A source is not a file of this machine.
    NotAFile,
    /// This needs a feature of the crate that is not on.
    NeedsFeature {
        /// Its name.
        feature: &'static str,
    },
    /// There is no such key here.
    UnknownKey {
        /// The keys that there are.
        expected: &'static [&'static str],
    },
    /// A key that is needed is not there.
    Missing,
    /// A value of another type was expected.
    WrongType {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A price is a TOML number, which may have lost digits.
    BarePrice {
        /// The number as it was written.
        text: Box<str>,
    },
    /// A price is not a decimal number, or cannot be held exactly.
    BadPrice {
        /// The price as it was written.
        text: Box<str>,
        /// What is wrong with it.
        error: ParsePriceError,
    },
    /// A number of tokens or seconds is zero, negative or too large.
    NotPositive {
        /// The number as it was written.
        text: Box<str>,
    },
    /// A list has more entries than it may.
    TooMany {
        /// The most that it may have.
        limit: usize,
    },
    /// A key stands in the file itself.
    LiteralKey,
    /// This says the same as another key, which is there too.
    Both {
        /// The other key.
        other: &'static str,
    },
    /// Two keys of a provider have the same name.
    DuplicateKey {
        /// The name.
        name: Box<str>,
    },
    /// This cannot be the name of an environment variable.
    BadVariable,
    /// The environment variable does not exist.
    UnsetVariable {
        /// Its name.
        name: Box<str>,
    },
    /// The environment variable is empty.
    EmptyVariable {
        /// Its name.
        name: Box<str>,
    },
    /// The environment variable holds what no header can carry.
    UnfitVariable {
        /// Its name.
        name: Box<str>,
    },
    /// A base URL is none.
    BadUrl(InvalidBaseUrl),
    /// It is no rule of a limit.
    BadRule(NotARule),
    /// A header's name or value is not fit for one, or not to be set by hand.
    BadHeader,
    /// A slug, id, alias or name is empty or holds what it must not.
    BadName {
        /// The name.
        name: Box<str>,
    },
    /// A tag is neither the provider's slug nor a variant of it.
    BadTag {
        /// The tag.
        tag: Box<str>,
        /// The provider's slug.
        provider: Box<str>,
    },
    /// An endpoint names a provider that does not exist.
    UnknownProvider {
        /// The slug that was given.
        provider: Box<str>,
    },
    /// A rule names a model that does not exist.
    UnknownModel {
        /// The name that was given.
        model: Box<str>,
    },
    /// A rule names a model that is hidden, which no router chooses.
    HiddenModel {
        /// The name that was given.
        model: Box<str>,
    },
    /// A word is none of those that may stand here.
    NotOneOf {
        /// The word.
        text: Box<str>,
        /// Those that may.
        expected: Vec<&'static str>,
    },
    /// A score is not a decimal number from 0 to 1.
    BadScore {
        /// The score as it was written.
        text: Box<str>,
    },
    /// A window of the day is none.
    BadHours {
        /// The window as it was written.
        text: Box<str>,
        /// What is wrong with it.
        error: InvalidHours,
    },
    /// An override of prices has no condition, or no price.
    EmptyOverride,
    /// Overrides stand alone: a request for which none holds would have no price.
    OverridesAlone,
    /// A date is none.
    BadDate {
        /// The date as it was written.
        text: Box<str>,
    },
    /// A country is not two upper case letters.
    BadCountry {
        /// The country as it was written.
        text: Box<str>,
    },
    /// A page of a provider's is not an `http` or `https` URL.
    BadPage {
        /// The URL as it was written.
        text: Box<str>,
    },
    /// A model has no endpoints.
    NoEndpoints,
    /// Two providers have the same slug.
    DuplicateProvider,
    /// Two models have the same id.
    DuplicateModel,
    /// Two models have the same alias, or one has it twice.
    DuplicateAlias {
        /// The alias.
        alias: Box<str>,
        /// The model that had it first.
        model: Box<str>,
    },
    /// A provider is called what another one's slug is, so that nobody could tell which one is meant.
    NameIsProvider {
        /// The name.
        name: Box<str>,
    },
    /// An alias is the id of a model, which it would hide.
    AliasIsModel {
        /// The alias.
        alias: Box<str>,
    },
    /// Two endpoints of a model have the same tag.
    DuplicateTag {
        /// The tag.
        tag: Box<str>,
    },
}

// === impl Problem ===

impl Problem {
    /// Is the key at fault, rather than its value?
    pub(super) fn is_the_key(&self) -> bool {
        matches!(
            self,
            Problem::UnknownKey { .. } | Problem::LiteralKey | Problem::NoEndpoints
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Read(error) => write!(f, "cannot be read: {error}"),
            Problem::TooLong { limit } => write!(f, "is longer than {limit} bytes"),
            Problem::UnknownFormat => f.write_str(
                "has no row of a format that is known: OpenRouter's models or endpoints, LiteLLM's price map, the data \
                 of genai-prices",
            ),
            Problem::NotAFile => f.write_str("must be the path of a file; nothing is fetched from elsewhere"),
            Problem::NeedsFeature { feature } => write!(f, "needs the crate's feature `{feature}`"),
            Problem::Syntax { message } => f.write_str(message),
            Problem::UnknownKey { expected } => {
                write!(f, "is not a known key; there are {}", expected.join(", "))
            }
            Problem::Missing => f.write_str("is missing"),
            Problem::WrongType { expected, found } => {
                write!(f, "must be {expected}, not {found}")
            }
            Problem::BarePrice { text } => {
                write!(f, "write it as a string, \"{text}\", so that no digit is lost")
            }
            Problem::BadPrice { text, error } => write!(f, "{text:?} {error}"),
            Problem::NotPositive { text } => write!(f, "{text} is not a positive whole number"),
            Problem::TooMany { limit } => write!(f, "has more than {limit} entries"),
            Problem::LiteralKey => f.write_str(
                "keys do not belong in this file; put it in an environment variable and name that in key_env",
            ),
            Problem::Both { other } => write!(f, "cannot stand beside {other}; one of them is enough"),
            Problem::DuplicateKey { name } => {
                write!(f, "another key of the provider has the name {name:?}; give this one its own")
            }
            Problem::BadVariable => f.write_str(
                "must be the name of an environment variable: upper case letters, digits and _",
            ),
            Problem::UnsetVariable { name } => {
                write!(f, "environment variable {name} is not set")
            }
            Problem::EmptyVariable { name } => write!(f, "environment variable {name} is empty"),
            Problem::UnfitVariable { name } => {
                write!(f, "environment variable {name} holds what no header can carry")
            }
            Problem::BadUrl(error) => write!(f, "cannot be a base URL: {error}"),
            Problem::BadRule(error) => error.fmt(f),
            Problem::BadHeader => f.write_str("is not a header that can be set here"),
            Problem::BadName { name } => write!(f, "{name:?} is empty or holds what a name must not"),
            Problem::BadTag { tag, provider } => {
                write!(f, "{tag:?} is neither {provider:?} nor begins with \"{provider}/\"")
            }
            Problem::UnknownProvider { provider } => {
                write!(f, "there is no provider {provider:?}")
            }
            Problem::UnknownModel { model } => write!(f, "there is no model {model:?}"),
            Problem::HiddenModel { model } => {
                write!(f, "{model:?} is hidden, so that no router chooses it")
            }
            Problem::NotOneOf { text, expected } => {
                write!(f, "{text:?} is not one of {}", expected.join(", "))
            }
            Problem::BadScore { text } => {
                write!(f, "{text:?} is not a number from 0 to 1 with at most three decimals")
            }
            Problem::BadHours { text, error } => write!(f, "{text:?} {error}"),
            Problem::EmptyOverride => f.write_str(
                "needs a price, and a condition: above, utc or weekdays",
            ),
            Problem::OverridesAlone => f.write_str("no price holds otherwise: list those as well"),
            Problem::BadDate { text } => write!(f, "{text:?} is not a date such as 2026-12-31"),
            Problem::BadCountry { text } => {
                write!(f, "{text:?} is not a country's two letters, such as DE")
            }
            Problem::BadPage { text } => {
                write!(f, "{text:?} does not begin with http:// or https:// and a host")
            }
            Problem::NoEndpoints => f.write_str("the model has no endpoints"),
            Problem::DuplicateProvider => f.write_str("the provider exists already"),
            Problem::DuplicateModel => f.write_str("the model exists already"),
            Problem::DuplicateAlias { alias, model } => {
                write!(f, "{alias:?} is an alias of {model:?} already")
            }
            Problem::NameIsProvider { name } => write!(f, "{name:?} is the slug of another provider"),
            Problem::AliasIsModel { alias } => write!(f, "{alias:?} is the id of a model"),
            Problem::DuplicateTag { tag } => {
                write!(f, "another endpoint of the model has the tag {tag:?}; give this one its own")
            }
        }
    }
}

impl std::error::Error for Problem {}
