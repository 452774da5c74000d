//! A line of the table.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::scope::Scope;
use super::subject::Subject;
use super::unit::Unit;
use super::window::Window;
use crate::catalog::Pattern;
use crate::money::Money;

/// For whom, of what, in which time, and how much: a line of the table of [`Limits`](super::Limits).
///
/// ```
/// use std::time::Duration;
/// use switchtower::Period;
/// use switchtower::limits::{Rule, Scope, Unit, Window};
///
/// let day = Window::Calendar(Period::Daily);
/// // Each key may spend five dollars a day, and somebody hears of it at four.
/// let budget = Rule::money("key-per-day", Scope::Key, day, "5".parse()?)?.soft([80])?;
/// // OpenRouter's limits of free models: one count for all of them.
/// let minute = Window::Rolling(Duration::from_secs(60));
/// let per_minute = Rule::new("free-models-per-min", Scope::Account, Unit::Requests, minute, 20)?.models("*:free");
/// let per_day = Rule::new("free-models-per-day", Scope::Account, Unit::Requests, day, 50)?.models("*:free");
/// # Ok::<(), switchtower::BoxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    name: Arc<str>,
    scope: Scope,
    of: Option<Box<[u8]>>,
    models: Option<Pattern>,
    unit: Unit,
    window: Window,
    limit: u64,
    soft: Arc<[u8]>,
}

/// Why is this no [`Rule`]?
///
/// ```
/// use switchtower::limits::{NotARule, Rule, Scope, Unit, Window};
///
/// let much = Rule::new("much", Scope::Key, Unit::Money, Window::Forever, u64::MAX);
/// assert_eq!(much, Err(NotARule::TooLarge));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotARule {
    /// Its name has no letter, or more than 64 of them, or one that is not a letter, a digit or one of `-_.`.
    BadName,
    /// Its limit is beyond 2⁶³ - 1: of money that is 9,223,372 dollars. In a bucket it is beyond 2³² - 1.
    TooLarge,
    /// Its limit is below zero, or a bucket's is zero.
    TooSmall,
    /// Its window is shorter than [`Window::SHORTEST`] or longer than [`Window::LONGEST`], or a full bucket is not empty after
    /// that time.
    BadWindow,
    /// Only requests and tokens flow.
    NoBucket,
    /// What is under way has no window but `Forever`.
    NoWindow,
    /// Which provider will be asked is not known before: limit it by the `rpm` and `tpm` of its endpoints or keys.
    NoProvider,
    /// A threshold is a percentage, from 1 to 100, and there are at most eight.
    BadThreshold,
    /// Nobody has this name: that of a key has 64 hexadecimal digits, that of a user or a tag is `account/name`.
    BadValue,
}

/// How many thresholds a rule may have.
const THRESHOLDS: usize = 8;
const NAME: usize = 64;

// === impl Rule ===

impl Rule {
    /// So much of this unit: requests, tokens, or picodollars.
    ///
    /// # Errors
    ///
    /// [`NotARule`].
    pub fn new(
        name: &str,
        scope: Scope,
        unit: Unit,
        window: Window,
        limit: u64,
    ) -> Result<Self, NotARule> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > NAME || !name.bytes().all(is_letter) {
            return Err(NotARule::BadName);
        }
        let most = match window {
            Window::Bucket { .. } => u32::MAX.into(),
            Window::Forever | Window::Calendar(_) | Window::Rolling(_) => i64::MAX as u64,
        };
        let flows = matches!(window, Window::Bucket { .. });
        let spans = |time: &Duration| (Window::SHORTEST..=Window::LONGEST).contains(time);
        match (unit, window) {
            (Unit::Money, Window::Bucket { .. }) => return Err(NotARule::NoBucket),
            _ if limit > most => return Err(NotARule::TooLarge),
            _ if flows && limit == 0 => return Err(NotARule::TooSmall),
            (_, Window::Rolling(time) | Window::Bucket { period: time, .. }) if !spans(&time) => {
                return Err(NotARule::BadWindow);
            }
            (_, Window::Bucket { period, burst }) if !flows_off(period, burst, limit) => {
                return Err(NotARule::BadWindow);
            }
            (Unit::Concurrency, window) if window != Window::Forever => {
                return Err(NotARule::NoWindow);
            }
            (Unit::Requests | Unit::Tokens, _) if scope == Scope::Provider => {
                return Err(NotARule::NoProvider);
            }
            _ => {}
        }
        Ok(Self {
            name: name.into(),
            scope,
            of: None,
            models: None,
            unit,
            window,
            limit,
            soft: [].into(),
        })
    }

    /// So much money.
    ///
    /// # Errors
    ///
    /// [`NotARule`].
    pub fn money(name: &str, scope: Scope, window: Window, limit: Money) -> Result<Self, NotARule> {
        let limit = u64::try_from(limit.picodollars()).map_err(|_| NotARule::TooSmall)?;
        Self::new(name, scope, Unit::Money, window, limit)
    }

    /// For this one alone: an account, a model, the slug of a provider, the [name](crate::KeyId) of a key, or a user or a
    /// tag after its account and a slash.
    ///
    /// # Errors
    ///
    /// [`NotARule::BadValue`].
    pub fn of(mut self, value: &str) -> Result<Self, NotARule> {
        let value = self.scope.value(value).ok_or(NotARule::BadValue)?;
        self.of = Some(value);
        Ok(self)
    }

    /// A model that is limited is known by its id, whatever a rule calls it.
    pub(crate) fn of_model(mut self, id_of: impl Fn(&str) -> Box<str>) -> Self {
        let name = self
            .of
            .as_deref()
            .and_then(|of| std::str::from_utf8(of).ok());
        if let Some(name) = name.filter(|_| self.scope == Scope::Model) {
            self.of = Some(id_of(name).into_boxed_bytes());
        }
        self
    }

    /// Only requests of which a model has such a name, with stars for any run of letters: `*:free`. It may be the name that
    /// the caller gave, or the id of any model that may be asked; once one has answered, of that one.
    #[must_use]
    pub fn models(mut self, pattern: &str) -> Self {
        self.models = Some(Pattern::new(pattern));
        self
    }

    /// Tells once, in an [event](crate#events), when so many percent of the limit are used; and again if meanwhile it was ten
    /// less.
    ///
    /// # Errors
    ///
    /// [`NotARule::BadThreshold`].
    pub fn soft(mut self, percents: impl IntoIterator<Item = u8>) -> Result<Self, NotARule> {
        let mut percents: Vec<u8> = percents.into_iter().take(THRESHOLDS + 1).collect();
        let is_percentage = |percent: &u8| (1..=100).contains(percent);
        if percents.len() > THRESHOLDS || !percents.iter().all(is_percentage) {
            return Err(NotARule::BadThreshold);
        }
        percents.sort_unstable();
        percents.dedup();
        self.soft = percents.into();
        Ok(self)
    }

    /// What refusals call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For whom?
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Of what?
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// In which time?
    pub fn window(&self) -> Window {
        self.window
    }

    /// How much: requests, tokens, or picodollars.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// When is somebody told? In percent, ascending.
    pub fn thresholds(&self) -> &[u8] {
        &self.soft
    }

    /// May several processes count it together? What slides would have to be told all the time.
    pub(crate) fn can_be_shared(&self) -> bool {
        let stays = matches!(self.window, Window::Forever | Window::Calendar(_));
        self.unit == Unit::Money && stays
    }

    /// A name that is the same in all processes, and that no rule has which counts something else.
    pub(crate) fn identity(&self) -> Vec<u8> {
        let models = self.models.as_ref().map(Pattern::as_str);
        let of = self.of.as_deref();
        [
            of.unwrap_or_default(),
            models.unwrap_or_default().as_bytes(),
        ]
        .join(&b'\0')
    }

    /// Does it look at such a request, whoever asks?
    pub(crate) fn looks_at(&self, subject: &Subject<'_>) -> bool {
        let models = self.models.as_ref();
        models.is_none_or(|models| subject.names().any(|name| models.matches(name)))
    }

    /// Does it count such a request by this value? What it counts together with all the rest has none.
    pub(crate) fn is_of(&self, subject: &Subject<'_>, value: &[u8]) -> bool {
        let is_this = || {
            let mut values = self.scope.values(subject);
            value.is_empty() || values.any(|it| *it == *value)
        };
        self.looks_at(subject) && is_this()
    }

    /// Does it count some of those who may be asked, and others not?
    pub(crate) fn tells_apart(&self) -> bool {
        matches!(self.scope, Scope::Model | Scope::Provider) || self.has_models()
    }

    /// Does it look at models?
    pub(crate) fn has_models(&self) -> bool {
        self.models.is_some()
    }

    /// Does it look at this one?
    pub(super) fn counts(&self, value: &[u8]) -> bool {
        self.of.as_deref().is_none_or(|of| of == value)
    }

    /// Does it count the same as that one, be the limit another?
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let what = |rule: &Self| (rule.scope, rule.unit, rule.window);
        what(self) == what(other)
            && (&self.name, &self.of, &self.models) == (&other.name, &other.of, &other.models)
    }
}

/// Is a full bucket empty again in a time that clocks can show?
fn flows_off(period: Duration, burst: NonZeroU32, limit: u64) -> bool {
    let time = period.as_nanos() * u128::from(burst.get()) / u128::from(limit.max(1));
    time <= Window::LONGEST.as_nanos()
}

// === impl NotARule ===

impl fmt::Display for NotARule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadName => "a rule's name has 1 to 64 letters, digits, `-`, `_` or `.`",
            Self::TooLarge => "a limit is at most 9223372036854775807, which is 9223372 dollars, and of a bucket 4294967295",
            Self::TooSmall => "a limit is not below zero, and that of a bucket is not zero",
            Self::BadWindow => "a window lasts from a millisecond to ten years",
            Self::NoBucket => "only requests and tokens flow through a bucket",
            Self::NoWindow => "what is under way has no window",
            Self::NoProvider => {
                "which provider will be asked is not known before: set `rpm` and `tpm` of its endpoints or keys"
            }
            Self::BadThreshold => "a threshold is a percentage from 1 to 100, and there are at most 8",
            Self::BadValue => {
                "the name of a key has 64 hexadecimal digits, that of a user or a tag is `account/name`"
            }
        })
    }
}

impl std::error::Error for NotARule {}
