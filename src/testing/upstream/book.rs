use super::{Ending, Tokens};

/// An upstream's own account of what it served and what it bills.
///
/// It is the oracle against which a gateway's ledger can be held, and shares no code with it. A call
/// is booked when it ends.
///
/// ```
/// use switchtower::testing::{Prices, Upstream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let prices = Prices { prompt: 1, cached: 1, completion: 4, request: 0 };
/// let upstream = Upstream::builder().prices(prices).start().await?;
/// let book = upstream.book();
/// assert_eq!((book.calls, book.femtodollars), (0, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// The calls that ended, oldest first, as far as the log still has them.
    pub entries: Vec<Entry>,
    /// How many calls ended, forgotten ones included.
    pub calls: u64,
    /// What was served in all, forgotten calls included.
    pub served: Tokens,
    /// What is billed in all, forgotten calls included. Zero if the upstream has no prices.
    pub femtodollars: u128,
}

/// What one call took. See [`Book`].
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// [`Seen::number`](super::Seen::number) of the call.
    pub call: u64,
    /// The tokens that were sent. The prompt counts from the first token of the answer on; a JSON
    /// answer is made before it is sent, and counts whole even if it is cut.
    pub served: Tokens,
    /// The last usage that was sent to the client.
    pub told: Option<Tokens>,
    /// Was the client told of an error, by the status or inside the answer?
    pub failed: bool,
    /// How the call ended.
    pub ending: Ending,
    /// What is billed: what was told, else what was served.
    pub femtodollars: u128,
}

// === impl Entry ===

impl Entry {
    /// Was the whole answer sent, and no error?
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.ending == Ending::Served && !self.failed
    }
}
