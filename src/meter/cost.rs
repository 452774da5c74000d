//! What a provider says that an answer costs.

use super::usage::{members, skip};
use crate::money::Money;
use crate::wire::json::{Cursor, Kind};

/// The cost that a `usage` object tells, as it is spelled: see the [module docs](super). What is below zero is no cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    told: Option<Money>,
    upstream: Option<Money>,
    ticks: Option<Money>,
    own_key: bool,
}

/// How many decimals of a dollar is the unit?
const USD: u32 = 0;
const TICKS: u32 = 10;

// === impl Cost ===

impl Cost {
    /// Does a member of that name tell of it?
    pub(super) fn is_about(name: &[u8]) -> bool {
        matches!(
            name,
            b"cost" | b"cost_details" | b"cost_in_usd_ticks" | b"is_byok"
        )
    }

    /// Reads such a member. Whatever it is, the tokens beside it are worth reading.
    pub(super) fn hear(&mut self, name: &[u8], cursor: &mut Cursor<'_>) -> Option<()> {
        let kind = cursor.peek().ok()?;
        match (name, kind) {
            (b"cost", Kind::Object) => part(b"total_cost", &mut self.told, cursor),
            (b"cost_details", Kind::Object) => {
                part(b"upstream_inference_cost", &mut self.upstream, cursor)
            }
            (b"cost", _) => amount(&mut self.told, USD, cursor),
            (b"cost_in_usd_ticks", _) => amount(&mut self.ticks, TICKS, cursor),
            (b"is_byok", _) => {
                self.own_key = cursor.skip().ok()?.of(cursor.source()) == b"true";
                Some(())
            }
            _ => skip(cursor),
        }
    }

    /// All that is billed for it.
    pub(super) fn whole(self) -> Option<Money> {
        match (self.told, self.upstream) {
            (Some(told), Some(upstream)) if self.own_key => Some(told.saturating_add(upstream)),
            (told, upstream) => told.or(self.ticks).or(upstream),
        }
    }
}

fn part(wanted: &[u8], found: &mut Option<Money>, cursor: &mut Cursor<'_>) -> Option<()> {
    members(cursor, |name, cursor| match name == wanted {
        true => amount(found, USD, cursor),
        false => skip(cursor),
    })
}

/// An amount as a number, or as a text that is one; in units of so many decimals.
fn amount(found: &mut Option<Money>, decimals: u32, cursor: &mut Cursor<'_>) -> Option<()> {
    let text = cursor.skip().ok()?.of(cursor.source());
    let text = std::str::from_utf8(text).ok()?.trim_matches('"');
    let amount = Money::nearest(text, decimals).ok();
    *found = amount.filter(|amount| *amount >= Money::ZERO);
    Some(())
}
