use std::time::UNIX_EPOCH;

use crate::attempt::Attempt;
use crate::call::Call;
use crate::gateway::usage::{Bill, push};
use crate::wire::retell::Telling;

/// What a call has to say about itself: [`Telling`]'s values, one behind the other in one text.
pub(super) struct Words {
    text: String,
    /// Where each ends; the last is that of the usage, of a whole answer only.
    ends: [usize; 6],
    whole: bool,
}

// === impl Words ===

impl Words {
    /// For the chunks of a stream: without usage.
    pub(super) fn of_chunk(call: &Call) -> Self {
        Self::of(call, call.last().as_ref(), None)
    }

    /// For a whole answer, which this attempt has given.
    pub(super) fn of_whole(call: &Call, attempt: Option<&Attempt>, bill: &Bill) -> Self {
        Self::of(call, attempt, Some(bill))
    }

    fn of(call: &Call, attempt: Option<&Attempt>, bill: Option<&Bill>) -> Self {
        let candidate = attempt.and_then(Attempt::candidate);
        let age = call.created().duration_since(UNIX_EPOCH);
        let (document, chunk) = call.operation().objects();
        // Enough for most; those of a stream stay as long as it does.
        let mut text = String::with_capacity(if bill.is_some() { 1024 } else { 192 });
        let mut ends = [0; 6];
        quote(&mut text, call.id().as_str());
        ends[0] = text.len();
        quote(&mut text, bill.map_or(chunk, |_| document));
        ends[1] = text.len();
        push(&mut text, age.unwrap_or_default().as_secs());
        ends[2] = text.len();
        quote(&mut text, candidate.map_or("", |it| it.model.id()));
        ends[3] = text.len();
        quote(
            &mut text,
            candidate.map_or("", |it| it.endpoint.provider().name()),
        );
        ends[4] = text.len();
        if let Some(bill) = bill {
            bill.tell(&mut text);
        }
        ends[5] = text.len();
        let whole = bill.is_some();
        Self { text, ends, whole }
    }

    pub(super) fn telling(&self) -> Telling<'_> {
        let [id, object, created, model, provider, usage] = self.ends;
        let text = &self.text;
        Telling {
            id: &text[..id],
            object: &text[id..object],
            created: &text[object..created],
            model: &text[created..model],
            provider: &text[model..provider],
            usage: self.whole.then(|| &text[provider..usage]),
        }
    }
}

/// As a JSON string. Few have anything to escape.
fn quote(text: &mut String, value: &str) {
    let plain = |byte| byte >= b' ' && byte != b'"' && byte != b'\\';
    // All of them, since many are looked at as fast as one.
    if value.bytes().fold(true, |all, byte| all & plain(byte)) {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&serde_json::to_string(value).expect("a string is JSON"));
    }
}
