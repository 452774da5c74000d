//! What a call has to say about itself.

use std::time::UNIX_EPOCH;

use serde_json::Value;

use crate::call::Call;
use crate::wire::retell::Telling;

/// For the chunks of a stream: without usage.
pub(super) fn of_chunk(call: &Call) -> Telling {
    let candidate = call.last().and_then(|attempt| attempt.candidate().cloned());
    let quoted = |text: Option<&str>| Value::from(text.unwrap_or_default()).to_string();
    let created = call
        .created()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Telling {
        id: quoted(Some(call.id().as_str())),
        object: quoted(Some(call.operation().objects().1)),
        created: created.as_secs().to_string(),
        model: quoted(candidate.as_ref().map(|candidate| candidate.model.id())),
        provider: quoted(candidate.as_ref().map(|c| c.endpoint.provider().name())),
        usage: None,
    }
}

/// For a whole answer.
pub(super) fn of_whole(call: &Call, usage: String) -> Telling {
    Telling {
        object: format!("\"{}\"", call.operation().objects().0),
        usage: Some(usage),
        ..of_chunk(call)
    }
}
