//! What was under way when an earlier process ended.

use crate::money::Money;
use crate::settle::Certainty;
use crate::settle::store::{AttemptRow, HoldRow, Row};
use crate::usage::Usage;

/// The row of a hold that nobody is on any more: nothing is charged, and what it cost nobody knows, but not more than was
/// held.
pub(super) fn abandoned(hold: &HoldRow) -> Row {
    Row {
        id: hold.id,
        created: hold.created,
        account: hold.account.clone(),
        key: hold.key,
        user: None,
        tag: None,
        requested: hold.model.clone(),
        model: None,
        provider: None,
        endpoint: None,
        operation: "unknown".to_owned(),
        streamed: false,
        end: Row::ABANDONED.to_owned(),
        finish: None,
        usage: Usage::default(),
        charge: Some(Money::ZERO),
        certainty: Certainty::Exact,
        fee: Money::ZERO,
        held: hold.amount,
        byok_counted: Money::ZERO,
        first_token: None,
        took: 0,
        referer: None,
        title: None,
        user_agent: None,
        attempts: vec![AttemptRow {
            model: None,
            provider: None,
            endpoint: None,
            upstream_id: None,
            key: None,
            byok: false,
            status: None,
            end: Row::ABANDONED.to_owned(),
            first_token: None,
            took: 0,
            ambiguous: true,
            usage: Usage::default(),
            cost: None,
            certainty: Certainty::Unknown,
            at_most: Some(hold.amount),
            reported: None,
            tier: None,
        }],
        answered_by: None,
    }
}
