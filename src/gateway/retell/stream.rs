use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::Frame;

use super::telling::Words;
use super::template::Template;
use super::text::{is_text, text};
use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::clock::now;
use crate::error::Error;
use crate::gateway::closing::{Closed, Closing};
use crate::gateway::metadata;
use crate::gateway::usage::Bill;
use crate::settle::Books;
use crate::wire::mend::Begun;
use crate::wire::retell::{Telling, retold};
use crate::wire::sse::Scanner;
use crate::wire::{Chunk, events};
use crate::woken::Woken;

/// Retells an event stream. Every frame that comes from the stack is one whole event.
pub(in crate::gateway) struct Stream<B> {
    /// Until the gateway itself has ended it.
    inner: Option<B>,
    books: Books,
    call: Call,
    words: Words,
    template: Template,
    begun: Begun,
    ready: VecDeque<Bytes>,
    broken: bool,
    /// Must the gateway itself end? Until everything is said.
    closing: Option<Closing>,
    /// Resolves then, also where a task of its own polls this body.
    closed: Option<Closed>,
    woken: Woken,
}

/// What becomes of an event?
enum Told {
    AsItIs,
    Otherwise(Bytes),
    Nothing,
    Done,
}

// === impl Stream ===

impl<B> Stream<B> {
    pub(in crate::gateway) fn new(
        inner: B,
        books: Books,
        call: Call,
        closing: Option<Closing>,
    ) -> Self {
        let words = Words::of_chunk(&call);
        Self {
            inner: Some(inner),
            books,
            call,
            words,
            template: Template::default(),
            begun: Begun::default(),
            closed: None,
            woken: Woken::default(),
            ready: VecDeque::new(),
            broken: false,
            closing,
        }
    }

    /// The grace of a shutdown is over: the answer ends as any other that breaks off. Where only its usage or
    /// the end of the transfer is missing, it is whole.
    fn break_off(&mut self) {
        let whole = self.call.answer().filter(Attempt::is_finished);
        self.closing = None;
        if let Some(attempt) = whole {
            attempt.end(End::Complete, now());
            // Dropped, it is settled.
            self.inner = None;
            self.ready.extend(self.usage());
        } else {
            let error = Closing::end(&self.call);
            self.inner = None;
            let error = self.take(events::error(&error, &self.call));
            self.ready.extend(error);
        }
        self.ready.push_back(events::done());
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(closing) = &self.closing else {
            return Poll::Pending;
        };
        if self.woken.is(cx) && !closing.has_begun() {
            return Poll::Pending;
        }
        let closed = self.closed.get_or_insert_with(|| closing.clone().closed());
        self.woken.poll(closed.as_mut(), cx)
    }

    /// How an event is told. What else is to be said after it, is made ready.
    fn take(&mut self, mut event: Bytes) -> Option<Bytes> {
        if let Some(event) = self.template.fill(&event) {
            return Some(event);
        }
        // Of a CRLF that came in two frames: it belongs to the event before.
        if event.starts_with(b"\n") {
            event.advance(1);
            if event.is_empty() {
                return None;
            }
        }
        let told = match Scanner::default().next(&event) {
            Ok(Some(found)) => match found.data {
                Some(data) => self.tell(&event, &data),
                None if is_comment(&event) => Told::AsItIs,
                // Some clients take it for an event, and what it brings for JSON.
                None => Told::Nothing,
            },
            _ => Told::AsItIs,
        };
        match told {
            Told::AsItIs => Some(text(event)),
            Told::Otherwise(event) => Some(text(event)),
            Told::Nothing => None,
            Told::Done => {
                self.closing = None;
                let usage = (!self.broken).then(|| self.usage()).flatten();
                self.ready.extend(usage);
                // Spelled as every client looks for it, whatever the upstream's line ends are.
                self.ready.push_back(events::done());
                None
            }
        }
    }

    fn tell(&mut self, event: &[u8], data: &[u8]) -> Told {
        if data.trim_ascii() == b"[DONE]" {
            return Told::Done;
        }
        match Chunk::read(data) {
            // Ours already: the stack's last word about an answer that broke.
            Ok(chunk) if chunk.error.is_some() => {
                self.broken = true;
                Told::Otherwise(self.last_word(data))
            }
            // The upstream's usage, without the cost: ours comes at the end.
            Ok(chunk) if chunk.is_usage() => Told::Nothing,
            Ok(chunk) => Told::Otherwise(self.retell(event, data, &chunk)),
            Err(_) => Told::AsItIs,
        }
    }

    fn retell(&mut self, event: &[u8], data: &[u8], chunk: &Chunk) -> Bytes {
        const FIELD: &[u8] = b"data: ";
        let (mut told, words) = retold(data, chunk, &self.words.telling(), &mut self.begun);
        // Of several data lines: between the tokens of JSON any space will do.
        if data.contains(&b'\n') {
            let newlines = told.iter_mut().filter(|byte| **byte == b'\n');
            newlines.for_each(|byte| *byte = b' ');
        }
        let told = [FIELD, &told, b"\n\n"].concat();
        if let Some(words) = words.filter(|_| is_text(&told)) {
            let words = words.start + FIELD.len()..words.end + FIELD.len();
            self.template.hear(event, data, chunk, &told, words);
        }
        told.into()
    }

    /// The error that an answer ends in.
    fn last_word(&self, data: &[u8]) -> Bytes {
        let told = metadata::onto(data.to_vec(), &self.call);
        [b"data: ", &*told, b"\n\n"].concat().into()
    }

    /// The one usage chunk. The record has been written with the event before: it alone says what
    /// the request cost.
    fn usage(&self) -> Option<Bytes> {
        let bill = self.books.with(self.call.id(), Bill::of)?;
        let Telling {
            id,
            object,
            created,
            model,
            provider,
            ..
        } = self.words.telling();
        let mut event = format!(
            "data: {{\"id\":{id},\"object\":{object},\"created\":{created},\"model\":{model},\
             \"provider\":{provider},\"choices\":[],\"usage\":"
        );
        bill.tell(&mut event);
        event.push_str(&metadata::member(&self.call));
        event.push_str("}\n\n");
        Some(event.into())
    }
}

/// A comment, or the blank line behind one.
fn is_comment(event: &[u8]) -> bool {
    event.starts_with(b":") || event.trim_ascii().is_empty()
}

impl<B> http_body::Body for Stream<B>
where
    B: http_body::Body<Data = Bytes, Error = Error> + Unpin,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(event))));
            }
            let Some(inner) = &mut self.inner else {
                return Poll::Ready(None);
            };
            // Data before the clock, here as well.
            let Poll::Ready(frame) = Pin::new(inner).poll_frame(cx) else {
                ready!(self.poll_closed(cx));
                self.break_off();
                continue;
            };
            match frame {
                Some(Ok(frame)) => {
                    let told = frame.into_data().ok().and_then(|event| self.take(event));
                    if let Some(event) = told {
                        return Poll::Ready(Some(Ok(Frame::data(event))));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty() && self.inner.as_ref().is_none_or(B::is_end_stream)
    }
}

impl<B> Drop for Stream<B> {
    /// Cut off at the end of the grace, behind a reader that was too slow to hear of it: nobody has left.
    fn drop(&mut self) {
        if self.closing.as_ref().is_some_and(Closing::is_over) {
            Closing::end(&self.call);
        }
    }
}
