//! Holds and credits, as the database has them.

use serde::Serialize;

use super::text::{clean, cleaned};
use crate::settle::store::micros::micros_of;
use crate::settle::store::{Credit, HoldRow};

/// A [`HoldRow`], as JSON with the names of its columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Holding {
    pub(super) id: String,
    created: i64,
    account: String,
    key: Option<String>,
    model: Option<String>,
    amount: i64,
    pub(super) replica: String,
    user: Option<String>,
    tag: Option<String>,
}

/// A [`Credit`], likewise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Given {
    pub(super) id: String,
    account: String,
    kind: &'static str,
    amount: i64,
    fee: i64,
    created: i64,
    note: String,
}

pub(super) const HOLD_COLUMNS: &str = "id text, created bigint, account text, key text, model text, amount bigint, replica text, \
    \"user\" text, tag text";
pub(super) const CREDIT_COLUMNS: &str =
    "id text, account text, kind text, amount bigint, fee bigint, created bigint, note text";

// === impl Holding ===

impl From<&HoldRow> for Holding {
    fn from(hold: &HoldRow) -> Self {
        Self {
            id: hold.id.as_str().to_owned(),
            created: micros_of(hold.created),
            account: clean(&hold.account),
            key: hold.key.map(|key| key.to_string()),
            model: cleaned(hold.model.as_deref()),
            amount: hold.amount.picodollars(),
            replica: clean(&hold.replica),
            user: cleaned(hold.user.as_deref()),
            tag: cleaned(hold.tag.as_deref()),
        }
    }
}

// === impl Given ===

impl From<&Credit> for Given {
    fn from(credit: &Credit) -> Self {
        Self {
            id: clean(&credit.id),
            account: clean(&credit.account),
            kind: credit.kind.as_str(),
            amount: credit.amount.picodollars(),
            fee: credit.fee.picodollars(),
            created: micros_of(credit.created),
            note: clean(&credit.note),
        }
    }
}
