//! What one request asks for, beyond its body.

use std::time::Duration;

use http::HeaderMap;

use crate::error::Error;
use crate::kind::Kind;
use crate::short::Short;

/// What the headers of one request ask for, within what is [`Allowed`].
///
/// | header | value |
/// |---|---|
/// | `x-switchtower-headers-ms` | milliseconds from asking a provider to its response headers |
/// | `x-switchtower-first-token-ms` | milliseconds from asking a provider to its first content token |
/// | `x-switchtower-idle-ms` | milliseconds from one content token to the next |
/// | `x-switchtower-total-ms` | milliseconds for the whole request |
/// | `x-switchtower-hedge` | `true` or `false`: may a second provider be asked meanwhile? |
/// | `x-switchtower-recover` | `true` or `false`: may another provider go on with an answer that broke off? |
/// | `x-switchtower-tag` | what it is about, for limits and bills: a word of at most 64 letters, digits and `-_.:`; anything else is ignored |
///
/// [`read`](crate::admit::read) reads them, and none of them goes on to a provider. Layers find them in
/// [`Call::wishes`](crate::Call::wishes); without `read`, [`Call::set_wishes`](crate::Call::set_wishes) puts them there.
///
/// ```
/// use std::time::Duration;
/// use switchtower::{Allowed, Wishes};
///
/// let mut headers = http::HeaderMap::new();
/// assert_eq!(Wishes::read(&headers, &Allowed::default())?, None);
///
/// headers.insert("x-switchtower-idle-ms", "2500".parse().unwrap());
/// headers.insert("x-switchtower-total-ms", "86400000".parse().unwrap());
/// let wishes = Wishes::read(&headers, &Allowed::default())?.unwrap();
/// assert_eq!(wishes.idle, Some(Duration::from_millis(2500)));
/// assert_eq!(wishes.total, Some(Allowed::LONGEST)); // A day is bounded, not refused.
///
/// headers.insert("x-switchtower-idle-ms", "soon".parse().unwrap());
/// let error = Wishes::read(&headers, &Allowed::default()).unwrap_err();
/// assert_eq!((error.status().as_u16(), error.param()), (400, Some("x-switchtower-idle-ms")));
/// # Ok::<_, switchtower::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// From asking to the response headers.
    pub headers: Option<Duration>,
    /// From asking to the first content token.
    pub first_token: Option<Duration>,
    /// From one content token to the next.
    pub idle: Option<Duration>,
    /// From the arrival of the request to the end of its answer.
    pub total: Option<Duration>,
    /// May a second provider be asked meanwhile?
    pub hedge: Option<bool>,
    /// May another provider go on with an answer that broke off?
    pub recover: Option<bool>,
    /// The caller's own word for what it is about.
    pub tag: Option<Short>,
}

/// How far may the [`Wishes`] of a request go? They may always ask for less.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use switchtower::{Allowed, Stack, catalog::Catalog};
///
/// // Nobody waits for longer than a minute, and whoever likes is hedged.
/// let allowed = Allowed { total: Duration::from_secs(60), hedge: true, ..Allowed::default() };
/// let stack = Stack::new(Arc::new(Catalog::default())).wishes(allowed);
/// # let _ = stack;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// From asking to the response headers, at the most.
    pub headers: Duration,
    /// From asking to the first content token, at the most.
    pub first_token: Duration,
    /// From one content token to the next, at the most.
    pub idle: Duration,
    /// From the arrival of the request to the end of its answer, at the most.
    pub total: Duration,
    /// May a request ask to be hedged? By default it may only ask not to be: two providers bill.
    pub hedge: bool,
    /// May a request ask for recovery? By default it may.
    pub recover: bool,
}

const PREFIX: &str = "x-switchtower-";
const HEADERS: &str = "x-switchtower-headers-ms";
const FIRST_TOKEN: &str = "x-switchtower-first-token-ms";
const IDLE: &str = "x-switchtower-idle-ms";
const TOTAL: &str = "x-switchtower-total-ms";
const HEDGE: &str = "x-switchtower-hedge";
const RECOVER: &str = "x-switchtower-recover";
const TAG: &str = "x-switchtower-tag";

/// How long a tag may be.
const LONGEST_TAG: usize = 64;

// === impl Wishes ===

impl Wishes {
    /// No wishes at all.
    pub const NONE: Self = Self {
        headers: None,
        first_token: None,
        idle: None,
        total: None,
        hedge: None,
        recover: None,
        tag: None,
    };

    /// What these headers ask for; none if they ask for nothing. What is more than allowed becomes what is allowed.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`] with the name of the header that is neither a whole number from 1 on nor `true` or `false`,
    /// or that came twice.
    pub fn read(headers: &HeaderMap, allowed: &Allowed) -> Result<Option<Self>, Error> {
        let mut wishes = None;
        // One look at each name is cheaper than to ask for six that are not there.
        for name in headers.keys().map(|name| name.as_str()) {
            if !name.starts_with(PREFIX) {
                continue;
            }
            let read: &mut Self = wishes.get_or_insert_default();
            match name {
                HEADERS => read.headers = Some(time(headers, HEADERS, allowed.headers)?),
                FIRST_TOKEN => {
                    read.first_token = Some(time(headers, FIRST_TOKEN, allowed.first_token)?);
                }
                IDLE => read.idle = Some(time(headers, IDLE, allowed.idle)?),
                TOTAL => read.total = Some(time(headers, TOTAL, allowed.total)?),
                HEDGE => read.hedge = choice(headers, HEDGE, allowed.hedge)?,
                RECOVER => read.recover = choice(headers, RECOVER, allowed.recover)?,
                TAG => {
                    read.tag = single(headers, TAG)
                        .filter(|tag| is_tag(tag))
                        .map(Short::from)
                }
                _ => {}
            }
        }
        Ok(wishes)
    }
}

fn time(headers: &HeaderMap, name: &'static str, longest: Duration) -> Result<Duration, Error> {
    let millis = single(headers, name).and_then(|text| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // What does not fit is a number all the same, and more than is allowed.
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    });
    match millis {
        Some(millis @ 1..) => Ok(Duration::from_millis(millis).min(longest)),
        _ => Err(invalid(name, "a whole number of milliseconds, at least 1")),
    }
}

/// Yes, if that is allowed; no; or as if nothing had been said.
fn choice(headers: &HeaderMap, name: &'static str, allowed: bool) -> Result<Option<bool>, Error> {
    match single(headers, name) {
        Some("true") => Ok(allowed.then_some(true)),
        Some("false") => Ok(Some(false)),
        _ => Err(invalid(name, "`true` or `false`")),
    }
}

fn is_tag(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=LONGEST_TAG).contains(&text.len()) && text.bytes().all(fits)
}

/// The value of a header that came once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    match values.next() {
        Some(_) => None,
        None => value.to_str().ok().map(str::trim),
    }
}

fn invalid(name: &'static str, expected: &str) -> Error {
    let message = format!("{name}: expected {expected}, once");
    Error::new(Kind::Invalid, message).with_param(name)
}

// === impl Allowed ===

impl Allowed {
    /// What each of the four times may be at the most, unless more is configured: ten minutes, which is how long a whole
    /// request takes by [default](crate::dispatch::deadline::Deadlines), and how long OpenAI's SDKs wait.
    pub const LONGEST: Duration = Duration::from_secs(600);
}

impl Default for Allowed {
    fn default() -> Self {
        Self {
            headers: Self::LONGEST,
            first_token: Self::LONGEST,
            idle: Self::LONGEST,
            total: Self::LONGEST,
            hedge: false,
            recover: true,
        }
    }
}
