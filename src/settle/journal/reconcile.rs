//! What was under way when an earlier process ended.

use crate::money::Money;
use crate::settle::Certainty;
use crate::settle::store::{AttemptRow, Entry, HoldRow, Row, Store, StoreError};
use crate::telemetry;
use crate::usage::Usage;

/// So many holds are read, and so many rows written at once.
const AT_ONCE: usize = 1000;

/// What an earlier process of this name has left is abandoned, and told. Where there is no room for that, some is to be made, if that
/// can be. It blocks.
pub(super) fn abandon(
    store: &dyn Store,
    replica: &str,
    mut make_room: impl FnMut() -> Result<bool, StoreError>,
) -> Result<Vec<HoldRow>, StoreError> {
    let (mut left, mut after, mut refused) = (Vec::new(), None, Vec::new());
    loop {
        let holds = store.holds_after(after.as_ref(), AT_ONCE)?;
        let is_last = holds.len() < AT_ONCE;
        let last = holds.last().map(|hold| hold.id);
        let ours = holds.into_iter().filter(|hold| hold.replica == replica);
        let ours: Vec<_> = ours.collect();
        let rows = ours
            .iter()
            .map(|hold| Entry::Row(Box::new(abandoned(hold))));
        let rows: Vec<_> = rows.collect();
        if !rows.is_empty() {
            match store.commit(&rows) {
                // Somebody was on one of them all the same, and has written its row meanwhile: then its hold is gone.
                Err(StoreError::Conflict(_)) if ours != refused => {
                    refused = ours;
                    continue;
                }
                Err(StoreError::Full(_)) if make_room()? => continue,
                written => written?,
            }
        }
        ours.iter().for_each(telemetry::abandoned);
        left.extend(ours);
        if is_last {
            return Ok(left);
        }
        after = last;
    }
}

/// The row of a hold that nobody is on any more: nothing is charged, and what it cost nobody knows, but not more than was
/// held.
fn abandoned(hold: &HoldRow) -> Row {
    Row {
        id: hold.id,
        created: hold.created,
        account: hold.account.clone(),
        key: hold.key,
        user: hold.user.clone(),
        tag: hold.tag.clone(),
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
