//! `hold = "estimate"`

use super::node::Table;
use crate::catalog::{BuildError, HoldPolicy, Problem};
use crate::money::{Money, ParsePriceError};

pub(super) fn hold(root: &Table<'_>) -> Result<Option<HoldPolicy>, BuildError> {
    let policy = root.get("hold");
    let policy = policy.map(|node| node.one_of(HoldPolicy::named, HoldPolicy::NAMES));
    let Some(node) = root.get("max_debt") else {
        return policy.transpose();
    };
    let text = node.string()?;
    let bad = |error| {
        node.is(Problem::BadPrice {
            text: text.into(),
            error,
        })
    };
    let max_debt: Money = text.parse().map_err(bad)?;
    if max_debt < Money::ZERO {
        return Err(bad(ParsePriceError::Negative));
    }
    match policy.transpose()? {
        Some(HoldPolicy::Estimate { .. }) => Ok(Some(HoldPolicy::Estimate { max_debt })),
        // It would be a limit of nothing.
        _ => Err(node.is(Problem::UnknownKey {
            expected: &["hold"],
        })),
    }
}
