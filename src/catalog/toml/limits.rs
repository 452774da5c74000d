//! `[[limits]]`

use std::num::NonZeroU32;
use std::time::Duration;

use super::node::{Node, Table};
use crate::calendar::Period;
use crate::catalog::{BuildError, Problem};
use crate::limits::{NotARule, Rule, Scope, Unit, Window};
use crate::money::Money;

pub(super) fn limit(table: &Table<'_>) -> Result<Rule, BuildError> {
    table.only(&[
        "name", "scope", "of", "models", "unit", "window", "limit", "soft",
    ])?;
    let is_none = |problem: NotARule| {
        let key = match problem {
            NotARule::TooLarge | NotARule::TooSmall => "limit",
            NotARule::BadWindow | NotARule::NoBucket | NotARule::NoWindow => "window",
            NotARule::NoProvider => "scope",
            NotARule::BadThreshold => "soft",
            NotARule::BadValue => "of",
            NotARule::BadName => "name",
        };
        BuildError::new(table.field.key(key), Problem::BadRule(problem))
    };
    let name = table.need("name")?.string()?;
    let scopes = Scope::ALL.map(Scope::name);
    let scope = table.need("scope")?.one_of(Scope::named, scopes)?;
    let units = Unit::ALL.map(Unit::name);
    let unit = table.need("unit")?.one_of(Unit::named, units)?;
    let window = table.get("window").map(window).transpose()?;
    let window = window.unwrap_or(Window::Forever);
    let limit = amount(&table.need("limit")?, unit)?;
    let mut rule = Rule::new(name, scope, unit, window, limit).map_err(is_none)?;
    if let Some(node) = table.get("of") {
        rule = rule.of(node.string()?).map_err(is_none)?;
    }
    if let Some(node) = table.get("models") {
        rule = rule.models(node.string()?);
    }
    if let Some(node) = table.get("soft") {
        let percents = node.items()?.map(|item| {
            let percent = item.positive()?.get();
            Ok(u8::try_from(percent).unwrap_or(u8::MAX))
        });
        let percents: Vec<u8> = percents.collect::<Result<_, BuildError>>()?;
        rule = rule.soft(percents).map_err(is_none)?;
    }
    Ok(rule)
}

/// Money is a string, in USD; anything else a whole number.
fn amount(node: &Node<'_>, unit: Unit) -> Result<u64, BuildError> {
    if unit != Unit::Money {
        return Ok(node.positive()?.get());
    }
    let text = node.string()?;
    let amount = text.parse::<Money>().map_err(|error| {
        node.is(Problem::BadPrice {
            text: text.into(),
            error,
        })
    })?;
    let amount = u64::try_from(amount.picodollars());
    amount.map_err(|_| node.is(Problem::BadRule(NotARule::TooSmall)))
}

/// A word of the calendar, `{ rolling_ms = … }`, or `{ bucket_ms = …, burst = … }`.
fn window(node: Node<'_>) -> Result<Window, BuildError> {
    if node.string().is_ok() {
        let named = |word: &str| match word {
            "forever" => Some(Window::Forever),
            _ => {
                let periods = [Period::Daily, Period::Weekly, Period::Monthly];
                let mut periods = periods.into_iter();
                let period = periods.find(|period| period.as_str() == word);
                period.map(Window::Calendar)
            }
        };
        return node.one_of(named, ["forever", "daily", "weekly", "monthly"]);
    }
    let table = node.table()?;
    table.only(&["rolling_ms", "bucket_ms", "burst"])?;
    let millis = |node: Node<'_>| Ok(Duration::from_millis(node.positive()?.get()));
    match (table.get("rolling_ms"), table.get("bucket_ms")) {
        (Some(_), Some(both)) => Err(both.is(Problem::Both {
            other: "rolling_ms",
        })),
        (Some(rolling), None) => Ok(Window::Rolling(millis(rolling)?)),
        (None, _) => {
            let period = millis(table.need("bucket_ms")?)?;
            let burst = table.need("burst")?;
            let most = u32::try_from(burst.positive()?.get());
            let most = most.map_err(|_| burst.is(Problem::BadRule(NotARule::TooLarge)))?;
            Ok(Window::Bucket {
                period,
                burst: NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN),
            })
        }
    }
}
