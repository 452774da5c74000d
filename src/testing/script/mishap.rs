use super::{Failure, Script};

/// Where in the answer does it happen?
///
/// In a JSON answer, any [`After`](Point::After) is half-way through the body.
///
/// ```
/// use switchtower::testing::{Point, Script};
///
/// let silent = Script::new().stall(Point::After(0));
/// # let _ = silent;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Nothing was sent yet.
    BeforeHeaders,
    /// The headers were sent, and nothing of the body.
    BeforeBody,
    /// This many content events were sent: text, reasoning or parts of a tool call. After none of
    /// them, a stream's comments and role-only delta are out. A shorter answer never gets here.
    After(u64),
}

#[derive(Clone, Debug)]
pub(crate) enum Mishap {
    Cut,
    Reset,
    Stall,
    Stop,
    Malformed,
    Fail(Failure),
}

// === impl Script ===

/// # What goes wrong
///
/// Mishaps add up, as long as the ones before leave anything to go wrong. Before the headers, only an
/// error, a cut, a reset and a stall are possible.
impl Script {
    /// Answers with an error status.
    ///
    /// ```
    /// use http::StatusCode;
    /// use switchtower::testing::{Failure, Script};
    ///
    /// let down = Script::fail(StatusCode::SERVICE_UNAVAILABLE);
    /// let poor = Script::fail(Failure::quota_exhausted());
    /// # let _ = (down, poor);
    /// ```
    #[must_use]
    pub fn fail(failure: impl Into<Failure>) -> Self {
        Self::new().fail_at(Point::BeforeHeaders, failure)
    }

    /// Fails at this point: before the headers as an error status, later as an error inside a 200.
    ///
    /// [`Point::BeforeBody`] makes it the JSON body, or the first event of the stream.
    #[must_use]
    pub fn fail_at(self, at: Point, failure: impl Into<Failure>) -> Self {
        self.mishap(at, Mishap::Fail(failure.into()))
    }

    /// Closes the connection: what was sent arrives, what frames the body is missing.
    #[must_use]
    pub fn cut(self, at: Point) -> Self {
        self.mishap(at, Mishap::Cut)
    }

    /// Resets the connection (TCP RST).
    #[must_use]
    pub fn reset(self, at: Point) -> Self {
        self.mishap(at, Mishap::Reset)
    }

    /// Falls silent, but for [keep-alives](Self::keep_alive), until the client leaves.
    #[must_use]
    pub fn stall(self, at: Point) -> Self {
        self.mishap(at, Mishap::Stall)
    }

    /// Ends the body too early, but properly framed, as if all were well.
    #[must_use]
    pub fn stop(self, at: Point) -> Self {
        self.mishap(at, Mishap::Stop)
    }

    /// Sends an event whose data is broken JSON, and goes on. Makes a JSON answer broken JSON.
    #[must_use]
    pub fn malformed(self, at: Point) -> Self {
        self.mishap(at, Mishap::Malformed)
    }

    fn mishap(mut self, at: Point, mishap: Mishap) -> Self {
        self.mishaps.push((at, mishap));
        self
    }

    pub(crate) fn mishaps_at(&self, point: Point) -> impl Iterator<Item = &Mishap> {
        let here = move |(at, _): &&(Point, Mishap)| *at == point;
        self.mishaps.iter().filter(here).map(|(_, mishap)| mishap)
    }
}
