//! What is written, in one transaction with others.

use std::time::SystemTime;

use super::credit::Credit;
use super::document::Document;
use super::row::Row;
use crate::caller::KeyId;
use crate::generation::GenerationId;
use crate::money::Money;
use crate::settle::lease::Drawn;

/// What is to be written?
///
/// Each has a name of its own, under which it is written once: the same entry again changes nothing, and another one of the
/// same name is an error. Only a row may come late, and take the place of one that is [abandoned](Row::ABANDONED).
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A request is about to be sent: should the process end, it is known what was under way.
    Hold(HoldRow),
    /// A request is over: its hold, if there is one, gives way to this row, in the same transaction.
    Row(Box<Row>),
    /// Nobody was asked after all.
    Released(GenerationId),
    /// Money was granted, adjusted or given back.
    Credit(Credit),
    /// A setting that outlives the process: of a key, for instance. The newest of a name holds.
    Document(Document),
    /// A part of a lease is drawn by the other entries of the batch. Nothing to a store that keeps no leases.
    Drawn(Drawn),
}

/// What a request that is under way may cost at most.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldRow {
    /// The request's name.
    pub id: GenerationId,
    /// When it came.
    pub created: SystemTime,
    /// The account that pays.
    pub account: String,
    /// The key that was brought.
    pub key: Option<KeyId>,
    /// The model that the caller named.
    pub model: Option<String>,
    /// The user that the caller named.
    pub user: Option<String>,
    /// The tag that it gave.
    pub tag: Option<String>,
    /// The most that it may cost.
    pub amount: Money,
    /// Which of several processes is on it: the [`replica`](super::Store::holds) that took it.
    pub replica: String,
}

// === impl Entry ===

impl Entry {
    /// A row, or the end of a hold, is about what has happened; all else can be asked for again.
    pub(crate) fn must_be_kept(&self) -> bool {
        match self {
            Self::Row(_) | Self::Released(_) => true,
            Self::Hold(_) | Self::Credit(_) | Self::Document(_) | Self::Drawn(_) => false,
        }
    }

    /// What it is, and its name, for events.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Hold(hold) => format!("the hold {}", hold.id),
            Self::Row(row) => format!("the row {}", row.id),
            Self::Released(id) => format!("the end of the hold {id}"),
            Self::Credit(credit) => format!("the credit {}", credit.id),
            Self::Document(document) => format!("the {} {}", document.kind, document.id),
            Self::Drawn(drawn) => format!("what is drawn from {}", drawn.counter),
        }
    }

    /// What it charges, if that is known.
    pub(crate) fn charge(&self) -> Option<Money> {
        match self {
            Self::Row(row) => row.charge,
            _ => None,
        }
    }
}
