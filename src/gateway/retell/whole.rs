use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::telling::Words;
use super::text::text;
use crate::call::Call;
use crate::chunks::Chunks;
use crate::error::Error;
use crate::gateway::metadata;
use crate::gateway::usage::Bill;
use crate::settle::Books;
use crate::wire::Chunk;
use crate::wire::retell::retell;

/// Retells an answer that is one JSON document. `commit` holds all of it already.
pub(in crate::gateway) struct Whole<B> {
    body: B,
    read: Chunks,
}

// === impl Whole ===

impl<B: http_body::Body<Data = Bytes, Error = Error> + Unpin> Whole<B> {
    pub(in crate::gateway) fn new(body: B) -> Self {
        let read = Chunks::default();
        Self { body, read }
    }

    pub(in crate::gateway) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        books: &Books,
        call: &Call,
    ) -> Poll<Result<Bytes, Error>> {
        while let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)?) {
            if let Ok(data) = frame.into_data() {
                self.read.push(data);
            }
        }
        Poll::Ready(Ok(text(told(self.read.take(), books, call))))
    }
}

fn told(json: Bytes, books: &Books, call: &Call) -> Bytes {
    // Its end has been seen, so the record is there: it alone says what the request cost.
    let Some(bill) = books.with(call.id(), Bill::of) else {
        return json;
    };
    // Read as it came in, unless it was too large to be kept.
    let attempt = call.last();
    let known = attempt.as_ref().and_then(|it| it.document(json.len()));
    let read = match known {
        Some(_) => None,
        None => Chunk::read(&json).ok(),
    };
    match known.or(read.as_ref()) {
        Some(chunk) => {
            let words = Words::of_whole(call, attempt.as_ref(), &bill);
            metadata::onto(retell(&json, chunk, &words.telling()), call).into()
        }
        None => json,
    }
}
