//! Where to?

use http::uri::Uri;

use crate::error::Error;
use crate::kind::Kind;
use crate::plan::Candidate;
use crate::wire::Operation;

const VERSION: &[u8; 4] = b"/v1/";

/// The provider's base, and what of the caller's path comes after its version: a provider may keep
/// its API elsewhere than under `/v1`.
pub(super) fn uri(candidate: &Candidate, path: &str) -> Result<Uri, Error> {
    let provider = candidate.endpoint.provider();
    let mut parts = path.as_bytes().windows(VERSION.len());
    let operation = match parts.rposition(|part| part == VERSION) {
        Some(at) => &path[at + VERSION.len()..],
        None => path.trim_start_matches('/'),
    };
    // A request that was made without a path means what nearly all do.
    if operation.is_empty() || operation == Operation::Chat.path() {
        return Ok(provider.chat_url().clone());
    }
    if !operation.split('/').all(is_sound) {
        let message = "no provider has an operation of this name";
        return Err(Error::new(Kind::NotFound, message));
    }
    provider
        .base_url()
        .join(&format!("/{operation}"))
        .map_err(|source| {
            Error::new(Kind::Internal, "the upstream's URL cannot be built").with_source(source)
        })
}

/// Does this part of a path lead only forward? The provider's key goes with the request, so it must
/// not go where the caller likes.
fn is_sound(part: &str) -> bool {
    part != "." && part != ".." && !part.contains(['%', '\\'])
}
