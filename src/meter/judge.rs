//! What does one event, or one whole answer, say about the attempt?

use super::calls::Calls;
use super::usage::report;
use crate::attempt::{Attempt, End};
use crate::clock::now;
use crate::error::Error;
use crate::kind::Kind;
use crate::short::Short;
use crate::wire::json::Span;
use crate::wire::refusal;
use crate::wire::sse::{Event, Scanner};
use crate::wire::{Chunk, Echo, Finish, Tier};

/// What is to be done with an event?
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is for the caller.
    Pass,
    /// It carries the usage and nothing else.
    Usage,
    /// It comes after the end.
    After,
    /// It is an error.
    Wrong(Error),
    /// It is no JSON.
    Garbled(Error),
}

/// What has been said so far: which choices have begun, and which have got their finish reason?
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// How many were asked for. A provider may give fewer, but only the end of the transfer tells.
    asked: u32,
    /// Is it one document, of which no part comes first?
    whole: bool,
    seen: u128,
    finished: u128,
    /// Was the last event no JSON?
    garbled: bool,
    /// What the last event was like: most are like it.
    echo: Echo,
    calls: Option<Box<Calls>>,
}

// === impl Ends ===

impl Ends {
    /// Of an answer to a request for so many choices.
    pub(super) fn of(choices: u32, calls: Option<Box<Calls>>) -> Self {
        Self {
            asked: choices.min(u128::BITS),
            calls,
            ..Self::default()
        }
    }

    /// Of an answer that is one document.
    pub(super) fn of_document(calls: Option<Box<Calls>>) -> Self {
        Self {
            whole: true,
            calls,
            ..Self::default()
        }
    }
}

/// Judges the event at the front of `buf` if it differs from the last one by its words alone, and says how long it is.
#[inline]
pub(super) fn like_the_last(
    buf: &[u8],
    scanner: &Scanner,
    attempt: &Attempt,
    ends: &mut Ends,
) -> Option<(usize, Verdict)> {
    let (len, words) = ends.echo.next(buf)?;
    if !scanner.would_take(len) {
        return None;
    }
    attempt.event();
    if attempt.is_done() {
        return Some((len, Verdict::After));
    }
    ends.garbled = false;
    content(words.len(buf) as u32, attempt, ends);
    Some((len, Verdict::Pass))
}

/// Judges one event; these are its bytes.
pub(super) fn judge(
    event: &Event<'_>,
    bytes: &[u8],
    attempt: &Attempt,
    ends: &mut Ends,
) -> Verdict {
    attempt.event();
    // A comment has none.
    let Some(data) = event.data.as_deref() else {
        return bare_error(bytes, attempt).map_or(Verdict::Pass, Verdict::Wrong);
    };
    if attempt.is_done() {
        return Verdict::After;
    }
    if data.trim_ascii() == b"[DONE]" {
        if !attempt.has_answered() {
            return Verdict::Wrong(truncated());
        }
        if ends.garbled && !attempt.is_finished() {
            // What made no sense may have been the finish reason, or the rest of the answer.
            return Verdict::Wrong(malformed());
        }
        attempt.done();
        // Only the end of the transfer is missing, and it may take its time.
        attempt.end(End::Complete, now());
        return Verdict::Pass;
    }
    let chunk = match parsed(data) {
        Ok(chunk) => chunk,
        // After the finish reason nothing can go wrong with the answer any more.
        Err(_) if attempt.is_finished() => return Verdict::After,
        Err(error) => return Verdict::Garbled(error),
    };
    ends.garbled = false;
    match note(data, &chunk, attempt, ends) {
        Ok(()) if chunk.is_usage() => Verdict::Usage,
        Ok(()) => {
            ends.echo.hear(bytes, data, &chunk);
            Verdict::Pass
        }
        Err(_) if attempt.is_finished() => Verdict::After,
        Err(error) => Verdict::Wrong(error),
    }
}

/// The error that stands without `data` where the answer should begin, as some send theirs under the type of a stream.
pub(super) fn bare_error(bytes: &[u8], attempt: &Attempt) -> Option<Error> {
    let json = bytes.trim_ascii();
    if !json.starts_with(b"{") || attempt.has_answered() {
        return None;
    }
    let chunk = Chunk::read(json).ok()?;
    let error = error_in(json, &chunk)?;
    Some(refusal::in_band(error, attempt.candidate()))
}

/// May this event be left out, which is no JSON? One that stands alone may, if there have been few.
pub(super) fn leave_out(error: Error, attempt: &Attempt, ends: &mut Ends) -> Result<(), Error> {
    let mut before = 0;
    attempt.find(|found| {
        before = found.malformed_events;
        found.malformed_events += 1;
    });
    match std::mem::replace(&mut ends.garbled, true) || before >= TOLERATED {
        true => Err(error),
        false => Ok(()),
    }
}

/// The last event is out: was it an answer?
pub(super) fn complete(attempt: &Attempt, ends: &Ends) -> Result<(), Error> {
    let found = attempt.found();
    if attempt.is_done() || (found.finish.is_some() && found.unfinished == 0) {
        Ok(())
    } else if ends.garbled {
        Err(malformed())
    } else {
        Err(truncated())
    }
}

fn malformed() -> Error {
    Error::new(
        Kind::Malformed,
        "the provider sent something that is no JSON",
    )
}

fn truncated() -> Error {
    Error::new(
        Kind::Truncated,
        "the provider ended its answer before it was complete",
    )
}

/// Reads an answer that is one JSON document.
pub(super) fn read(json: &[u8], attempt: &Attempt, ends: &mut Ends) -> Result<Chunk, Error> {
    let chunk = parsed(json)?;
    note(json, &chunk, attempt, ends)?;
    Ok(chunk)
}

fn parsed(json: &[u8]) -> Result<Chunk, Error> {
    Chunk::read(json).map_err(|syntax| malformed().with_source(syntax))
}

/// Notes on the attempt what a part of its answer says.
fn note(json: &[u8], chunk: &Chunk, attempt: &Attempt, ends: &mut Ends) -> Result<(), Error> {
    let first = ends.seen == 0;
    let last = chunk.finished != 0 || chunk.usage.is_some();
    let report = chunk.usage.and_then(|span| report(span.of(json)));
    let id = chunk.id.filter(|_| first);
    let id = id.and_then(|span| id_of(span.of(json)));
    // It stands in every event, and counts in the first and in the last.
    let tier = chunk.service_tier.filter(|_| first || last);
    let tier = tier.and_then(|span| tier_of(span.of(json)));
    // All under one lock, and none where there is no news, as in most events.
    let tell = |finish: Option<Finish>, unfinished: Option<u128>| {
        let reports = report.is_some() || id.is_some() || tier.is_some();
        if !reports && finish.is_none() && unfinished.is_none() {
            return;
        }
        attempt.find(|found| {
            if let Some(report) = report {
                if report.usage.is_some() {
                    found.usage = report.usage;
                    found.usage_after = (attempt.content_events(), attempt.content_bytes());
                }
                found.cost = report.cost.or(found.cost);
                found.tier = report.tier.or(found.tier);
            }
            found.tier = tier.or(found.tier);
            if id.is_some() {
                found.upstream_id = id;
            }
            found.finish = finish.or(found.finish);
            found.unfinished = unfinished.unwrap_or(found.unfinished);
        });
    };
    if let Some(error) = error_in(json, chunk) {
        tell(None, None);
        return Err(refusal::in_band(error, attempt.candidate()));
    }
    content(chunk.content, attempt, ends);
    if chunk.finish == Some(Finish::Error) {
        tell(chunk.finish, None);
        let message = "the provider broke off its answer with an error";
        return Err(Error::new(Kind::Unavailable, message));
    }
    if let Some(calls) = &mut ends.calls {
        calls.hear(json, chunk, attempt);
    }
    if (chunk.seen & !ends.seen) | chunk.finished == 0 {
        tell(chunk.finish, None);
        return Ok(());
    }
    ends.seen |= chunk.seen;
    ends.finished |= chunk.finished;
    let unfinished = ends.seen & !ends.finished;
    tell(chunk.finish, Some(unfinished));
    let all = ends.finished.count_ones() >= ends.asked.max(1);
    attempt.finished(all && unfinished == 0);
    Ok(())
}

/// The error in it, or all of it, which is how vLLM and Mistral spell one.
fn error_in<'a>(json: &'a [u8], chunk: &Chunk) -> Option<&'a [u8]> {
    let is_error = |object: Span| chunk.seen == 0 && object.of(json) == b"\"error\"";
    match chunk.error {
        Some(error) => Some(error.of(json)),
        None => chunk.object.is_some_and(is_error).then_some(json),
    }
}

fn content(bytes: u32, attempt: &Attempt, ends: &Ends) {
    if bytes > 0 {
        // The clock is read for the first content of a stream only.
        let first = !ends.whole && attempt.content_events() == 0;
        attempt.content(bytes, first.then(now));
    }
}

fn tier_of(json: &[u8]) -> Option<Tier> {
    let text = std::str::from_utf8(json).ok()?;
    Tier::served(text.strip_prefix('"')?.strip_suffix('"')?)
}

/// The upstream's own id, unless it is no text, or longer than an id is.
fn id_of(json: &[u8]) -> Option<Short> {
    let text = std::str::from_utf8(json).ok()?;
    let id = text.strip_prefix('"')?.strip_suffix('"')?;
    (!id.is_empty() && id.len() <= LONGEST_ID && !id.contains('\\')).then(|| id.into())
}

/// Events of one answer that may be left out because they are no JSON: a proxy's stray word, not a broken provider.
const TOLERATED: u32 = 8;

/// OpenAI's have 38 characters, Gemini's 22, OpenRouter's 35.
const LONGEST_ID: usize = 128;
