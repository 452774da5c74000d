use std::fmt;

use memchr::memchr2;

use super::Event;
use super::block::Block;

/// How long a block may be, unless [`Scanner::new`] says otherwise: sixteen MiB, which some images in base64 may take.
pub const LIMIT: usize = 16 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Finds events in a buffer that grows.
///
/// See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Scanner {
    limit: usize,
    begun: bool,
    // All that follows counts from the front of the buffer, where the block begins.
    looked: usize,
    line: usize,
    // The last line ended in a CR at the end of the buffer; a LF now belongs to it.
    after_cr: bool,
    block: Block,
}

/// A block that is longer than the limit: the stream cannot be read any further. [`Scanner::next`] says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oversize {
    /// The limit, in bytes.
    pub limit: usize,
}

// === impl Scanner ===

impl Default for Scanner {
    fn default() -> Self {
        Self::new(LIMIT)
    }
}

impl Scanner {
    /// At the start of a stream, none of whose blocks may be longer than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            begun: false,
            looked: 0,
            line: 0,
            after_cr: false,
            block: Block::default(),
        }
    }

    /// The event at the front of `buf`, once it is all there.
    ///
    /// `buf` is all that has come and has not been taken: between two calls its front loses the
    /// [`len`](Event::len) of the event returned, and its end may grow.
    ///
    /// # Errors
    ///
    /// When the block at the front is too long, whether or not it has ended.
    pub fn next<'a>(&mut self, buf: &'a [u8]) -> Result<Option<Event<'a>>, Oversize> {
        if !self.begin(buf) {
            return Ok(None);
        }
        loop {
            if self.after_cr && self.looked < buf.len() {
                self.after_cr = false;
                self.looked += usize::from(buf[self.looked] == b'\n');
                self.line = self.looked;
            }
            let Some(i) = memchr2(b'\n', b'\r', &buf[self.looked..]) else {
                self.looked = buf.len();
                return self.within(buf.len()).map(|()| None);
            };
            let (line, end) = (self.line, self.looked + i);
            let crlf = buf[end] == b'\r' && buf.get(end + 1) == Some(&b'\n');
            self.after_cr = buf[end] == b'\r' && end + 1 == buf.len();
            self.looked = end + 1 + usize::from(crlf);
            self.line = self.looked;
            if self.block.read(buf, line, end) {
                self.within(self.looked)?;
                return Ok(Some(self.take(buf)));
            }
        }
    }

    /// Would an event of so many bytes at the front of `buf` be the next? Not if a part of it has been looked at.
    pub(crate) fn would_take(&self, len: usize) -> bool {
        self.begun && self.looked == 0 && !self.after_cr && len <= self.limit
    }

    /// The event at the front of `rest`, now that nothing will follow it.
    ///
    /// The standard drops an event that is not terminated, but what was delivered was delivered.
    pub fn finish<'a>(&mut self, rest: &'a [u8]) -> Option<Event<'a>> {
        self.begun = true;
        if let Some(event) = self.next(rest).ok()? {
            return Some(event);
        }
        self.block.read(rest, self.line, rest.len());
        self.looked = rest.len();
        Some(self.take(rest)).filter(|event| event.data.is_some())
    }

    /// Passes the byte order mark; false if there may yet be one.
    fn begin(&mut self, buf: &[u8]) -> bool {
        if !self.begun {
            self.begun = buf.len() >= BOM.len() || !BOM.starts_with(buf);
            if buf.starts_with(BOM) {
                self.looked = BOM.len();
                self.line = BOM.len();
            }
        }
        self.begun
    }

    fn within(&self, len: usize) -> Result<(), Oversize> {
        let limit = self.limit;
        match len <= limit {
            true => Ok(()),
            false => Err(Oversize { limit }),
        }
    }

    fn take<'a>(&mut self, buf: &'a [u8]) -> Event<'a> {
        let len = std::mem::take(&mut self.looked);
        self.line = 0;
        std::mem::take(&mut self.block).event(&buf[..len])
    }
}

// === impl Oversize ===

impl fmt::Display for Oversize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event is longer than {} bytes", self.limit)
    }
}

impl std::error::Error for Oversize {}
