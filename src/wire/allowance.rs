//! What is told of a caller's own limits in an error.

use serde_json::{Map, Value};

use crate::calendar::timestamp;
use crate::limits::{Exceeded, Unit};
use crate::money::Money;

/// Of a limit that leaves no room, in `error.metadata`. Money is text, since it is exact.
pub(crate) fn metadata(metadata: &mut Map<String, Value>, exceeded: &Exceeded) {
    let level = &exceeded.level;
    let (rule, unit) = (&level.rule, level.rule.unit());
    let amount = |amount: u64| match unit {
        Unit::Money => {
            let picodollars = i64::try_from(amount).unwrap_or(i64::MAX);
            Money::from_picodollars(picodollars).to_string().into()
        }
        Unit::Requests | Unit::Tokens | Unit::Concurrency => Value::from(amount),
    };
    metadata.insert("rule".into(), rule.name().into());
    metadata.insert("scope".into(), rule.scope().name().into());
    metadata.insert("unit".into(), unit.name().into());
    metadata.insert("limit".into(), amount(level.most));
    metadata.insert("used".into(), amount(level.used));
    metadata.insert("held".into(), amount(level.held));
    metadata.insert("remaining".into(), amount(level.remaining()));
    metadata.insert("needed".into(), amount(exceeded.needed));
    if let Some(at) = exceeded.resets_at {
        metadata.insert("resets_at".into(), timestamp(at).into());
    }
}
