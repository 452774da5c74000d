//! Money that an account is given.

use std::time::SystemTime;

use crate::money::Money;

/// Money that an account is given, or that is taken from it: written once, never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Credit {
    /// Its name, chosen by whoever gives it: the same name again gives nothing, so that an order which was repeated is
    /// carried out once. 1 to 128 bytes.
    pub id: String,
    /// Whose.
    pub account: String,
    /// Why?
    pub kind: CreditKind,
    /// How much: negative where it is taken.
    pub amount: Money,
    /// What was kept of the payment as a fee, beside the amount.
    pub fee: Money,
    /// When.
    pub created: SystemTime,
    /// A word for whoever reads the statement. At most 512 bytes.
    pub note: String,
}

/// Why is an account given money, or less?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreditKind {
    /// It was paid for, or given.
    Grant,
    /// Something was wrong: more or less.
    Adjustment,
    /// What a request cost is given back.
    Refund,
}

// === impl CreditKind ===

impl CreditKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Grant, Self::Adjustment, Self::Refund];

    /// `grant`, `adjustment` or `refund`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Adjustment => "adjustment",
            Self::Refund => "refund",
        }
    }
}
