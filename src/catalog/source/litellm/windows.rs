//! `off_peak_pricing`: other prices at some hours.

use super::dimension::{Dimension, Meaning, meaning};
use crate::catalog::source::sheet::Draft;
use crate::catalog::source::value::{Per, Value, weekdays};
use crate::catalog::{Gap, Hours, Override, Weekday};

const NAME: &str = "off_peak_pricing";

/// Puts the hours on the list. Each names its prices anew, so that they win over those of long prompts, as at LiteLLM.
///
/// Hours that cannot be read are left out, and so the prices of all others are charged, which are the higher ones.
pub(super) fn apply(off_peak: Value<'_>, draft: &mut Draft) {
    let mut conditional = Override::new();
    let (mut daily, mut windows) = (None, Vec::new());
    for (name, value) in off_peak.members() {
        match &*name {
            "hours_utc" => daily = Some(value),
            "windows" => windows = value.items(),
            // Days of another calendar begin at another hour.
            "weekday_timezone" if value.text().as_deref() != Some("UTC") => {
                return draft.gap(NAME, Gap::Condition);
            }
            name => match (meaning(name), value.price(Per::One)) {
                (
                    Meaning::Price(Dimension {
                        rate,
                        tier: None,
                        above: None,
                    }),
                    Ok(price),
                ) => {
                    conditional = conditional.with(rate, price);
                }
                (Meaning::Nothing, _) => {}
                _ => draft.gap(&format!("{NAME}.{name}"), Gap::Unreadable),
            },
        }
    }
    if let Some(hours) = daily {
        add(hours, None, &conditional, draft);
    }
    for window in windows {
        let days = window.get("weekdays").map(weekdays);
        match (window.get("hours_utc"), days) {
            (Some(hours), None) => add(hours, None, &conditional, draft),
            (Some(hours), Some(Some(days))) => add(hours, Some(&days), &conditional, draft),
            _ => draft.gap(NAME, Gap::Unreadable),
        }
    }
}

/// One window, or a list of them.
fn add(hours: Value<'_>, days: Option<&[Weekday]>, conditional: &Override, draft: &mut Draft) {
    let all = match hours.is_array() {
        true => hours.items(),
        false => vec![hours],
    };
    for hours in all {
        let mut conditional = conditional.clone();
        if let Some(days) = days {
            conditional = conditional.on(days);
        }
        match hours.text().as_deref().map(read) {
            Some(Some(None)) => {}
            Some(Some(Some(hours))) => conditional = conditional.during(hours),
            _ => {
                draft.gap(NAME, Gap::Unreadable);
                continue;
            }
        }
        draft.with_override(NAME, conditional);
    }
}

/// A window that begins when it ends is the whole day: no window at all.
fn read(text: &str) -> Option<Option<Hours>> {
    match text.split_once('-') {
        Some((start, end)) if start == end => Some(None),
        _ => text.parse().ok().map(Some),
    }
}
