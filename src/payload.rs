//! The request body, after `read`.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::error::Error;
use crate::kind::Kind;
use crate::wire::View;

/// A request body that has been read: refcounted bytes with their [`View`], replayed at no cost.
///
/// It is an [`http_body::Body`], so any HTTP client takes it. `http::Request<Payload>` is what the
/// layers inside `read` exchange, and the type is the proof that the body was read.
///
/// ```
/// use switchtower::Payload;
///
/// let payload = Payload::read(r#"{"model":"acme/swift","messages":[{"role":"user","content":"hi"}]}"#)?;
/// assert_eq!(payload.view().model(payload.bytes()).as_deref(), Some("acme/swift"));
/// # Ok::<_, switchtower::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Payload {
    /// None once they are sent: who may need them again has a clone.
    bytes: Bytes,
    view: Option<Arc<View>>,
    /// What comes after them, where a long request was spliced.
    more: Option<Box<More>>,
}

/// The other pieces of a request that was spliced, most of which are parts of what the caller sent.
#[derive(Clone)]
struct More {
    pieces: std::vec::IntoIter<Bytes>,
    /// All of it, for who asks.
    whole: OnceLock<Bytes>,
}

/// Less than this is likely a part of the buffer that a connection read it into, together with the head, and smaller than
/// that: a copy takes less than the buffer that it lets go of.
const PART: usize = 16 << 10;

/// The mean of OpenRouter's completions by the end of 2025 ("State of AI: an empirical 100 trillion token study").
const USUAL_OUTPUT: u64 = 400;

// === impl Payload ===

impl Payload {
    /// Reads a body in one pass.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`], naming the byte or the field, when it is not a well-formed request.
    pub fn read(bytes: impl Into<Bytes>) -> Result<Self, Error> {
        let bytes = bytes.into();
        match View::read(&bytes) {
            Ok(view) => Ok(Self {
                bytes,
                view: Some(Arc::new(view)),
                more: None,
            }),
            Err(invalid) => {
                let error = Error::new(Kind::Invalid, invalid.to_string());
                Err(match invalid.field() {
                    Some(field) => error.with_param(field),
                    None => error,
                })
            }
        }
    }

    /// What is sent in its place: bytes made by splicing, which nobody reads again.
    pub(crate) fn spliced(bytes: Bytes) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }

    /// The same in several pieces.
    pub(crate) fn in_pieces(pieces: Vec<Bytes>) -> Self {
        let mut pieces = pieces.into_iter();
        let first = pieces.next().unwrap_or_default();
        let whole = OnceLock::new();
        let more = (pieces.len() > 0).then(|| Box::new(More { pieces, whole }));
        Self {
            more,
            ..Self::spliced(first)
        }
    }

    /// In as little memory as it takes to [read it again](Self::read_again), for as long as an answer lasts.
    pub(crate) fn laid_by(&self) -> Self {
        Self::spliced(match self.bytes.len() < PART {
            true => Bytes::copy_from_slice(&self.bytes),
            false => self.bytes.clone(),
        })
    }

    /// The same, with its view, if it has been laid by. One that is empty never had any.
    pub(crate) fn read_again(&self) -> Result<Self, Error> {
        match self.view {
            _ if self.bytes.is_empty() => Ok(self.clone()),
            Some(_) => Ok(self.clone()),
            None => Self::read(self.bytes.clone()),
        }
    }

    /// The bytes, as they came.
    ///
    /// What [`address`](crate::dispatch::address) has made of a long request is in pieces, as the [`Body`] gives it: they are put
    /// together when this is first asked for.
    pub fn bytes(&self) -> &Bytes {
        match &self.more {
            None => &self.bytes,
            Some(more) => more.whole.get_or_init(|| {
                let mut whole = Vec::with_capacity(self.len());
                self.pieces()
                    .for_each(|piece| whole.extend_from_slice(piece));
                whole.into()
            }),
        }
    }

    fn pieces(&self) -> impl Iterator<Item = &Bytes> {
        let more = self.more.iter().flat_map(|more| more.pieces.as_slice());
        std::iter::once(&self.bytes).chain(more)
    }

    fn len(&self) -> usize {
        self.pieces().map(Bytes::len).sum()
    }

    /// What the body says. Empty for a payload that `address` has rewritten.
    pub fn view(&self) -> &View {
        static NOTHING: LazyLock<View> =
            LazyLock::new(|| View::read(b"{}").expect("an empty object is well-formed"));
        self.view.as_deref().unwrap_or(&NOTHING)
    }

    /// The tokens that the answer is likely to have: for each choice as many as is usual, if it may be that long.
    ///
    /// ```
    /// # use switchtower::Payload;
    /// let payload = Payload::read(r#"{"prompt": "hi", "max_tokens": 10, "n": 2}"#)?;
    /// assert_eq!(payload.expected_output(), 20);
    /// # Ok::<_, switchtower::Error>(())
    /// ```
    pub fn expected_output(&self) -> u64 {
        let view = self.view();
        let output = view.max_output().unwrap_or(USUAL_OUTPUT).min(USUAL_OUTPUT);
        output.saturating_mul(view.choices().into())
    }
}

impl fmt::Debug for Payload {
    /// Its length alone: it holds a prompt.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.len())
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let next = self.more.as_mut().and_then(|more| more.pieces.next());
        let sent = std::mem::replace(&mut self.bytes, next.unwrap_or_default());
        Poll::Ready(Some(Ok(Frame::data(sent))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len() as u64)
    }
}
