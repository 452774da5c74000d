//! A request that can be made again.

use http::{Extensions, HeaderMap, Method, Request, Uri, Version};

use crate::call::Call;
use crate::payload::Payload;

/// What it takes to make a request again: references, no copies, as long as the headers are the call's
/// and nobody has put anything else into the extensions.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    extensions: Option<Extensions>,
    payload: Payload,
}

// === impl Kept ===

impl Kept {
    pub(crate) fn of(request: &Request<Payload>) -> Self {
        let extensions = request.extensions();
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            // The call alone is not worth a copy: it is put in anew.
            extensions: (extensions.len() > 1).then(|| extensions.clone()),
            payload: request.body().clone(),
        }
    }

    /// The request once more, for this turn of its call.
    pub(crate) fn again(&self, call: &Call) -> Request<Payload> {
        let mut request = Request::new(self.payload.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers.clone();
        *request.extensions_mut() = self.extensions.clone().unwrap_or_default();
        request.extensions_mut().insert(call.clone());
        request
    }
}
