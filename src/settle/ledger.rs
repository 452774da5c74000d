//! Where records go.

use std::task::{Context, Poll};

use super::record::Record;
use crate::error::BoxError;
use crate::money::Money;

/// A place for records. Capacity is taken before the upstream is asked, so that a bill is never lost
/// for want of room: a full ledger is back-pressure.
pub trait Ledger {
    /// A place for one record.
    type Slot: Slot;

    /// Ready with a slot when there is room for one more record.
    ///
    /// # Errors
    ///
    /// When the ledger cannot take any record any more. No request is let in then.
    fn poll_slot(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Slot, BoxError>>;
}

/// A place in the ledger, taken before the upstream is asked. Dropping it unused gives it back.
pub trait Slot {
    /// Claims an amount until the record is written.
    fn hold(&mut self, amount: Money);

    /// Writes the record and releases the claim. It cannot fail and cannot wait: the wait was when
    /// the slot was taken.
    fn write(self, record: Record);
}
