//! With which headers?

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::catalog::{Key, Provider};
use crate::plan::Candidate;
use crate::wire::headers::{FORWARDED, X_ANTHROPIC_BETA};

static NAMES: [HeaderName; 6] = FORWARDED;

/// The caller's that may go on, and over them the provider's own; with the key that `gate` has chosen, or else its first.
pub(super) fn headers(
    caller: &HeaderMap,
    candidate: &Candidate,
    key: Option<&Key>,
    stream: bool,
) -> HeaderMap {
    let provider = candidate.endpoint.provider();
    // Ours, the provider's key, and what few callers send: more room would be twice the memory.
    let mut headers = HeaderMap::with_capacity(6);
    // One look at each name is cheaper than to ask for six that are rarely there.
    for (name, value) in caller {
        if NAMES.contains(name) {
            let name = match *name == X_ANTHROPIC_BETA && !is_openrouter(provider) {
                true => HeaderName::from_static("anthropic-beta"),
                false => name.clone(),
            };
            headers.append(name, value.clone());
        }
    }
    let accept = if stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in provider.headers() {
        headers.insert(name, value.clone());
    }
    // The caller's own key, be it that no gate has chosen it, or else the operator's.
    let own = candidate.own_key.as_ref().map(|own| own.key(provider));
    let chosen = key.filter(|_| provider.keys().len() > 1);
    if let Some(key) = own.unwrap_or(chosen) {
        headers.insert(provider.key_header(), key.secret().header_value());
    }
    headers
}

/// It has a spelling of its own.
fn is_openrouter(provider: &Provider) -> bool {
    provider.chat_url().host() == Some("openrouter.ai")
}
