//! `unknown_prices = "deny"`

use super::node::Node;
use super::prices::prices;
use crate::catalog::{BuildError, Problem, Rate, UnknownPrices};
use crate::{Money, ParsePriceError};

/// A word, or a table of one of the two that say how much.
pub(super) fn unknown_prices(node: Node<'_>) -> Result<UnknownPrices, BuildError> {
    if node.string().is_ok() {
        let named = |word: &str| match word {
            "allow" => Some(UnknownPrices::Allow),
            "deny" => Some(UnknownPrices::Deny),
            _ => None,
        };
        return node.one_of(named, ["allow", "deny"]);
    }
    let table = node.table()?;
    table.only(&["cap", "assume"])?;
    match (table.get("cap"), table.get("assume")) {
        (Some(cap), Some(_)) => Err(cap.is(Problem::Both { other: "assume" })),
        (Some(cap), None) => {
            let text = cap.string()?;
            let amount = text.parse::<Money>().and_then(|amount| match amount {
                amount if amount < Money::ZERO => Err(ParsePriceError::Negative),
                amount => Ok(UnknownPrices::Cap(amount)),
            });
            amount.map_err(|error| {
                cap.is(Problem::BadPrice {
                    text: text.into(),
                    error,
                })
            })
        }
        (None, _) => {
            let assume = table.need("assume")?.table()?;
            // What is assumed must not be unknown in turn.
            assume.need(Rate::Prompt.key())?;
            assume.need(Rate::Completion.key())?;
            Ok(UnknownPrices::Assume(Box::new(prices(&assume)?)))
        }
    }
}
