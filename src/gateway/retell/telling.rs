//! What a call has to say about itself.

use std::time::UNIX_EPOCH;

use crate::call::Call;
use crate::wire::retell::Telling;

/// For the chunks of a stream: without usage.
pub(super) fn of_chunk(call: &Call) -> Telling {
    of(call, call.operation().objects().1, None)
}

/// For a whole answer.
pub(super) fn of_whole(call: &Call, usage: String) -> Telling {
    of(call, call.operation().objects().0, Some(usage))
}

fn of(call: &Call, object: &str, usage: Option<String>) -> Telling {
    let attempt = call.last();
    let candidate = attempt.as_ref().and_then(|attempt| attempt.candidate());
    let created = call
        .created()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let model = candidate.map_or("", |candidate| candidate.model.id());
    let provider = candidate.map_or("", |candidate| candidate.endpoint.provider().name());
    Telling {
        id: quoted(call.id().as_str()),
        object: quoted(object),
        created: created.as_secs().to_string(),
        model: quoted(model),
        provider: quoted(provider),
        usage,
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}
