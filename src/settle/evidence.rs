//! What has an attempt used? As reported, or else by what was delivered.

use super::account::Asked;
use super::cost::{USUAL_LIMIT, longest};
use crate::attempt::{Attempt, End};
use crate::catalog::Endpoint;
use crate::found::Found;
use crate::kind::Kind;
use crate::usage::{BYTES_PER_TOKEN, Usage};

/// What an attempt has used, and how good the evidence is.
#[derive(Debug)]
pub(super) struct Evidence {
    /// The tokens; none where nobody answered, so that nobody bills, not even the fee of a request.
    pub(super) usage: Option<Usage>,
    /// The most that they may be; none where `usage` is the bill.
    pub(super) at_most: Option<Usage>,
}

/// How many bytes make one token at least: all but the densest scripts have more. As a claim has it.
const LEAST_BYTES_PER_TOKEN: u64 = 2;

/// The best evidence of an attempt that ended so.
pub(super) fn of(attempt: &Attempt, found: &Found, end: End, asked: &Asked) -> Evidence {
    let used = used(attempt, found, end, asked);
    let certain = match used {
        Some(_) => found.usage.is_some() && is_last_word(attempt, end),
        None => is_refused(found, end),
    };
    let usage = match runs_on(attempt, found, end, asked.streamed) {
        true => {
            let allowed = asked.max_output.unwrap_or(USUAL_LIMIT);
            let usual = limit(attempt, Some(allowed), asked);
            Some(whole(
                used.unwrap_or_else(|| delivered(attempt, found, asked)),
                usual,
            ))
        }
        false => used,
    };
    let at_most = || {
        let longest = limit(attempt, asked.max_output, asked);
        let reported = found.usage.unwrap_or_else(|| Usage {
            input: read(attempt, found, asked, LEAST_BYTES_PER_TOKEN),
            ..Usage::default()
        });
        let reported = Usage {
            images: asked.images,
            ..reported
        };
        whole(reported, longest)
    };
    Evidence {
        usage,
        at_most: (!certain).then(at_most),
    }
}

/// What has come of it, whatever the provider goes on to bill.
pub(super) fn used(attempt: &Attempt, found: &Found, end: End, asked: &Asked) -> Option<Usage> {
    if let Some(reported) = found.usage {
        let since = match is_last_word(attempt, end) {
            true => 0,
            false => written(attempt, found.usage_after),
        };
        return Some(Usage {
            output: reported.output.saturating_add(since),
            images: asked.images,
            ..reported
        });
    }
    let succeeded = found
        .status
        .is_some_and(|status| (200..300).contains(&status));
    match end {
        // Without a word from it, a provider that was left may be at work, and will bill the prompt.
        End::Cancelled | End::Superseded if found.status.is_none() => {}
        _ if succeeded => {}
        _ => return None,
    }
    Some(delivered(attempt, found, asked))
}

/// A status that refuses, or no connection at all.
fn is_refused(found: &Found, end: End) -> bool {
    let status = found.status;
    match end {
        End::Failed(Kind::Connect) => true,
        End::Failed(_) => status.is_some_and(|status| !(200..300).contains(&status)),
        _ => false,
    }
}

/// Was it left, so that the provider writes, and bills, an answer to its end that nobody reads?
fn runs_on(attempt: &Attempt, found: &Found, end: End, streamed: bool) -> bool {
    let left = matches!(
        end,
        End::Cancelled | End::Superseded | End::Failed(Kind::Elapsed(_))
    );
    let Some(candidate) = attempt.candidate().filter(|_| left) else {
        return false;
    };
    let refused = found
        .status
        .is_some_and(|status| !(200..300).contains(&status));
    let over = attempt.is_finished() || attempt.is_done();
    let stops = candidate.endpoint.provider().stops_billing();
    !refused && !over && !stops.stops(streamed)
}

/// By the size of the prompt, and of what was written.
fn delivered(attempt: &Attempt, found: &Found, asked: &Asked) -> Usage {
    let prefill = attempt
        .candidate()
        .and_then(|candidate| candidate.endpoint.prefill());
    let repeated = match prefill.is_some_and(|prefill| prefill.repeats()) {
        true => found.goes_on_from,
        false => 0,
    };
    Usage {
        input: read(attempt, found, asked, BYTES_PER_TOKEN),
        output: written(attempt, (0, 0)).saturating_sub(repeated),
        images: asked.images,
        ..Usage::default()
    }
}

/// About how many tokens have come after so many events and bytes of content.
fn written(attempt: &Attempt, (events, bytes): (u32, u64)) -> u64 {
    let events = attempt.content_events().saturating_sub(events);
    let bytes = attempt.content_bytes().saturating_sub(bytes);
    // An event is a token, or several; never less than its bytes suggest.
    bytes.div_ceil(BYTES_PER_TOKEN).max(events.into())
}

/// What it has read, of a text that has so many bytes a token: what it was given to go on from, too.
fn read(attempt: &Attempt, found: &Found, asked: &Asked, bytes_per_token: u64) -> u64 {
    let before = found.goes_on_from.saturating_mul(BYTES_PER_TOKEN);
    let text = asked.prompt_bytes.saturating_add(before);
    let endpoint = attempt.candidate().map(|candidate| &*candidate.endpoint);
    text.div_ceil(bytes_per_token)
        .saturating_add(asked.parts.tokens(endpoint))
}

/// The same, with an answer of so many tokens, if it is not longer already.
fn whole(usage: Usage, tokens: u64) -> Usage {
    let more = tokens.saturating_sub(usage.completion_tokens());
    Usage {
        output: usage.output.saturating_add(more),
        ..usage
    }
}

/// The longest answer, all choices together, that a request may have which allows so much.
fn limit(attempt: &Attempt, max_output: Option<u64>, asked: &Asked) -> u64 {
    let endpoint = attempt.candidate().map(|candidate| &*candidate.endpoint);
    let each = |endpoint: &Endpoint| longest(endpoint, max_output);
    let each = endpoint.map_or(max_output.unwrap_or(USUAL_LIMIT), each);
    each.saturating_mul(asked.choices.max(1).into())
}

/// Was the usage reported last the bill? Until the provider has ended its answer, be it with an error, it
/// is a running total.
fn is_last_word(attempt: &Attempt, end: End) -> bool {
    let cut_off = match end {
        End::Complete => false,
        End::Cancelled | End::Superseded => true,
        End::Failed(kind) => matches!(
            kind,
            Kind::Disconnected | Kind::Truncated | Kind::Malformed | Kind::Elapsed(_)
        ),
    };
    !cut_off || attempt.is_finished() || attempt.is_done()
}
