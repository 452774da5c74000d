use super::scan;
use super::{Problem, Span, Syntax, Text};

/// How many arrays and objects may be open at once: as many as the cursor has bits to remember them by, which is
/// about where parsers that recurse give up.
pub const DEPTH: u32 = 128;

/// A place in a JSON text that moves forward only, checking what it passes.
///
/// The caller says what it expects, in the order of the text: [`object`](Self::object), then
/// [`next_member`](Self::next_member) and one value, until there is none; likewise
/// [`array`](Self::array) and [`next_item`](Self::next_item). Whatever is of no interest is
/// [skipped](Self::skip), and checked like everything else. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
    // One bit per open level, the innermost lowest: an object (1) or an array (0)?
    objects: u128,
    // Nothing has been read yet of what was opened last.
    fresh: bool,
}

/// What kind of value comes next?
///
/// [`Cursor::peek`] tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An object.
    Object,
    /// An array.
    Array,
    /// A string.
    String,
    /// A number, or what begins like one.
    Number,
    /// `true` or `false`, or what begins like one.
    Bool,
    /// `null`, or what begins like it.
    Null,
}

// What is asked for each token is inlined where it is asked: a call a token would cost a tenth more.

// === impl Cursor ===

impl<'a> Cursor<'a> {
    /// Stands before the first byte of `text`.
    ///
    /// # Errors
    ///
    /// [`Problem::TooLong`].
    pub fn new(text: &'a [u8]) -> Result<Self, Syntax> {
        if text.len() > u32::MAX as usize {
            let (at, problem) = (u32::MAX as usize, Problem::TooLong);
            return Err(Syntax { at, problem });
        }
        Ok(Self {
            text,
            at: 0,
            depth: 0,
            objects: 0,
            fresh: false,
        })
    }

    /// The byte it stands before.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The whole text it walks.
    #[must_use]
    pub fn source(&self) -> &'a [u8] {
        self.text
    }

    /// Looks at the first byte of the next value and stays before it.
    ///
    /// # Errors
    ///
    /// When no value begins here.
    #[inline(always)]
    pub fn peek(&mut self) -> Result<Kind, Syntax> {
        match self.token() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            _ => self.expected("a value"),
        }
    }

    /// Enters an object.
    ///
    /// # Errors
    ///
    /// When none begins here, or it is one too deep.
    pub fn object(&mut self) -> Result<(), Syntax> {
        match self.token() {
            Some(b'{') => self.open(true),
            _ => self.expected("`{`"),
        }
    }

    /// Enters an array.
    ///
    /// # Errors
    ///
    /// When none begins here, or it is one too deep.
    pub fn array(&mut self) -> Result<(), Syntax> {
        match self.token() {
            Some(b'[') => self.open(false),
            _ => self.expected("`[`"),
        }
    }

    /// Reads the key of the next member and its colon, or leaves the object: `None`.
    ///
    /// # Errors
    ///
    /// When neither stands here.
    #[inline(always)]
    pub fn next_member(&mut self) -> Result<Option<Text>, Syntax> {
        let fresh = std::mem::take(&mut self.fresh);
        match self.token() {
            Some(b'}') => return Ok(self.close()),
            Some(b',') if !fresh => self.at += 1,
            _ if !fresh => return self.expected("`,` or `}`"),
            _ => {}
        }
        if self.token() != Some(b'"') {
            return self.expected(if fresh { "a key or `}`" } else { "a key" });
        }
        let key = self.quoted()?;
        if self.token() != Some(b':') {
            return self.expected("`:`");
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Whether another item follows; if not, leaves the array.
    ///
    /// # Errors
    ///
    /// When neither an item nor the end of the array stands here.
    #[inline(always)]
    pub fn next_item(&mut self) -> Result<bool, Syntax> {
        let fresh = std::mem::take(&mut self.fresh);
        match self.token() {
            Some(b']') => {
                self.close();
                return Ok(false);
            }
            Some(b',') if !fresh => self.at += 1,
            _ if !fresh => return self.expected("`,` or `]`"),
            _ => {}
        }
        Ok(true)
    }

    /// Reads a string.
    ///
    /// # Errors
    ///
    /// When none stands here, or it is malformed.
    pub fn string(&mut self) -> Result<Text, Syntax> {
        match self.token() {
            Some(b'"') => self.quoted(),
            _ => self.expected("a string"),
        }
    }

    /// Passes one whole value of any kind, and says where it stood.
    ///
    /// # Errors
    ///
    /// When none stands here, or anything in it is malformed.
    pub fn skip(&mut self) -> Result<Span, Syntax> {
        self.token();
        let (start, floor) = (self.at, self.depth);
        loop {
            self.step()?;
            // Until there is one more value, in what is still open.
            loop {
                if self.depth <= floor {
                    return Ok(Span::new(start, self.at));
                }
                let more = match self.objects & 1 {
                    1 => self.next_member()?.is_some(),
                    _ => self.next_item()?,
                };
                if more {
                    break;
                }
            }
        }
    }

    /// Checks that nothing but whitespace is left.
    ///
    /// # Errors
    ///
    /// When something is.
    pub fn end(&mut self) -> Result<(), Syntax> {
        match self.token() {
            None => Ok(()),
            Some(_) => self.expected("the end of the text"),
        }
    }

    /// Passes a scalar, or opens a container.
    #[inline(always)]
    fn step(&mut self) -> Result<(), Syntax> {
        match self.token() {
            Some(b'"') => self.quoted().map(drop),
            Some(b'{') => self.open(true),
            Some(b'[') => self.open(false),
            Some(b'-' | b'0'..=b'9') => {
                let problem = Problem::Expected("a digit");
                let end = scan::number(self.text, self.at);
                self.at = end.map_err(|at| Syntax { at, problem })?;
                Ok(())
            }
            Some(b't') => self.literal("true", "`true`"),
            Some(b'f') => self.literal("false", "`false`"),
            Some(b'n') => self.literal("null", "`null`"),
            _ => self.expected("a value"),
        }
    }

    /// Reads the string whose first quote is the next byte.
    #[inline(always)]
    fn quoted(&mut self) -> Result<Text, Syntax> {
        let start = self.at + 1;
        let found = scan::string(self.text, start);
        let (end, escaped) = found.ok_or_else(|| scan::fault(self.text, start))?;
        self.at = end + 1;
        Ok(Text::new(Span::new(start, end), escaped))
    }

    fn literal(&mut self, word: &str, what: &'static str) -> Result<(), Syntax> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return self.expected(what);
        }
        self.at += word.len();
        Ok(())
    }

    #[inline]
    fn open(&mut self, object: bool) -> Result<(), Syntax> {
        if self.depth == DEPTH {
            return self.fail(Problem::TooDeep);
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        self.at += 1;
        self.fresh = true;
        Ok(())
    }

    #[inline]
    fn close(&mut self) -> Option<Text> {
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
        self.at += 1;
        None
    }

    /// The first byte after whitespace.
    #[inline(always)]
    fn token(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    fn expected<T>(&self, what: &'static str) -> Result<T, Syntax> {
        self.fail(Problem::Expected(what))
    }

    #[cold]
    fn fail<T>(&self, problem: Problem) -> Result<T, Syntax> {
        let at = self.at;
        Err(Syntax { at, problem })
    }
}
