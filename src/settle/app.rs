//! Who asked, by its own word.

use http::header::{HeaderName, HeaderValue};

use crate::call::Call;
use crate::short::Short;

/// Who asked, by its own word: a part of its [`Record`](super::Record).
#[derive(Clone, Debug, Default)]
pub struct App {
    /// `HTTP-Referer`.
    pub referer: Option<Box<str>>,
    /// `X-OpenRouter-Title`, else `X-Title`.
    pub title: Option<Box<str>>,
    /// `User-Agent`.
    pub user_agent: Option<Short>,
}

// === impl App ===

impl App {
    pub(super) fn of(call: &Call) -> Self {
        call.with_headers(|headers| Self::named(headers.into_iter().flatten()))
    }

    fn named<'a>(headers: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>) -> Self {
        let (mut referer, mut title, mut other_title, mut user_agent) = (None, None, None, None);
        // One look at each name is cheaper than to ask for four, of which few are there.
        for (name, value) in headers {
            let found = match name.as_str() {
                "http-referer" => &mut referer,
                "x-openrouter-title" => &mut title,
                "x-title" => &mut other_title,
                "user-agent" => &mut user_agent,
                _ => continue,
            };
            found.get_or_insert(value);
        }
        Self {
            referer: referer.and_then(text).map(Box::from),
            title: title
                .and_then(text)
                .or_else(|| other_title.and_then(text))
                .map(Box::from),
            user_agent: user_agent.and_then(text).map(Short::from),
        }
    }
}

/// As much of it as is worth keeping.
fn text(value: &HeaderValue) -> Option<&str> {
    let value = value.to_str().ok()?;
    Some(value.get(..256).unwrap_or(value))
}
