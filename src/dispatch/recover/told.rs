//! What has the caller been told?

use std::borrow::Cow;

use crate::recovery::Said;
use crate::usage::BYTES_PER_TOKEN;
use crate::wire::adopt::{First, words};
use crate::wire::json::{HALF, append, half_at_end};
use crate::wire::sse::Scanner;
use crate::wire::{Chunk, Echo};

/// The text of an answer so far, and how its events are told.
#[derive(Debug)]
pub(super) struct Told {
    /// As it reads, whatever its spelling.
    pub(super) text: Vec<u8>,
    /// The first half of a character whose second half is still to come.
    pub(super) half: Option<[u8; HALF]>,
    pub(super) first: Option<First>,
    /// Has it thought?
    pub(super) thought: bool,
    most: usize,
    /// Events with text.
    events: u64,
    echo: Echo,
    /// Has something been said that nobody can go on from, or more than is kept?
    lost: bool,
}

/// The longest event whose name is worth keeping.
const NAMED: usize = 64 << 10;

/// Room that is made at the first word: of ten thousand answers under way at once few have come far.
const FIRST: usize = 256;

// === impl Told ===

impl Told {
    /// Keeps at most so many bytes of text.
    pub(super) fn new(most: usize) -> Self {
        Self {
            text: Vec::new(),
            half: None,
            first: None,
            thought: false,
            most,
            events: 0,
            echo: Echo::default(),
            lost: false,
        }
    }

    /// Can nobody go on from it?
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// What another may go on from. What ends in white space is cut before it, which some providers refuse there.
    pub(super) fn said(&self) -> Option<Said> {
        let text = self.text.trim_ascii_end();
        let whole = self.half.is_none() && !self.thought && !text.is_empty();
        (whole && std::str::from_utf8(text).is_ok()).then(|| Said {
            text: text.to_vec().into(),
            // An event is a token, or several; never less than its bytes suggest.
            tokens: (text.len() as u64)
                .div_ceil(BYTES_PER_TOKEN)
                .max(self.events),
        })
    }

    /// Takes in an event that goes to the caller as it is.
    pub(super) fn hear(&mut self, event: &[u8]) {
        if self.lost {
            return;
        }
        if let Some((_, words)) = self.echo.next(event).filter(|(len, _)| *len == event.len()) {
            let raw = words.span().of(event);
            if words.is_escaped() || self.half.is_some() {
                return self.add(raw);
            }
            // Nearly all are spelled as they read.
            if self.has_room(raw) {
                self.text.extend_from_slice(raw);
            }
            return;
        }
        let Some(data) = data(event) else { return };
        let Ok(chunk) = Chunk::read(&data) else {
            return;
        };
        // Until then it may have no name yet: Azure tells of its filters first.
        let named = self.first.as_ref().is_some_and(First::is_of_a_choice);
        if !named && data.len() <= NAMED {
            self.first = Some(First::new(&data, &chunk));
        }
        match words(&data, &chunk) {
            Some(words) => {
                self.echo.hear(event, &data, &chunk);
                self.add(words.span().of(&data));
            }
            None if chunk.content > 0 && chunk.thought == chunk.content => self.thought = true,
            None => self.lost |= chunk.content > 0 || chunk.calls,
        }
    }

    /// Takes in words that go to the caller, as they are spelled.
    pub(super) fn add(&mut self, raw: &[u8]) {
        if raw.is_empty() || !self.has_room(raw) {
            return;
        }
        let raw = joined(self.half.take(), raw);
        let (whole, half) = raw.split_at(raw.len() - half_at_end(&raw));
        append(whole, &mut self.text);
        self.half = half.try_into().ok();
    }

    /// Is there room for these words? They count as said.
    fn has_room(&mut self, raw: &[u8]) -> bool {
        self.events += u64::from(!raw.is_empty());
        if self.lost {
            return false;
        }
        if self.text.capacity() == 0 {
            self.text.reserve(FIRST.min(self.most));
        }
        self.lost = self.text.len() + raw.len() > self.most;
        if self.lost {
            self.text = Vec::new();
        }
        !self.lost
    }
}

/// Words with the half of a character that came before them.
pub(super) fn joined(half: Option<[u8; HALF]>, raw: &[u8]) -> Cow<'_, [u8]> {
    match half {
        Some(half) => [&half, raw].concat().into(),
        None => raw.into(),
    }
}

/// The data of an event, however it is spelled.
pub(super) fn data(event: &[u8]) -> Option<Cow<'_, [u8]>> {
    // Of a CRLF that came in two frames: it belongs to the event before.
    let event = event.strip_prefix(b"\n").unwrap_or(event);
    Scanner::default().next(event).ok()??.data
}
