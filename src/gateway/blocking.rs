//! A question to a store, which blocks, from where nothing may; and changes that are made whole.

use std::future::Future;

use std::time::Duration;

use crate::error::Error;
use crate::kind::Kind;
use crate::settle::store::StoreError;

/// A store that was away is asked again at the first opportunity.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks a store, which blocks.
pub(super) async fn blocking<T, E>(
    ask: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let asked = tokio::task::spawn_blocking(ask).await;
    asked.unwrap_or_else(|panicked| Err(StoreError::Other(panicked.into()).into()))
}

/// Makes a change to its end, even if whoever asked for it leaves before: the store would have it, and the memory not.
#[expect(
    clippy::disallowed_methods,
    reason = "who manages may leave, and then the change goes on"
)]
pub(super) async fn to_its_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let made = tokio::spawn(change).await;
    made.unwrap_or_else(|panicked| {
        Err(Error::new(Kind::Internal, "the change has failed").with_source(panicked))
    })
}

/// What is told of a store that failed: its own words are for the operator.
pub(super) fn failed(why: &StoreError) -> Error {
    let passes = matches!(why, StoreError::Away(_) | StoreError::Full(_));
    let (kind, after) = match passes {
        true => (Kind::LedgerAway, Some(AGAIN)),
        false => (Kind::Internal, None),
    };
    Error::new(kind, "what is to be kept cannot be stored now")
        .with_retry_after(after)
        .with_source(why.to_string())
}
