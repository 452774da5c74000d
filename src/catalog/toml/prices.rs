//! `prices = { prompt = "0.15", overrides = [{ above = 200000, prompt = "0.30" }] }`

use toml::de::DeValue;

use super::node::{Node, Table};
use crate::Price;
use crate::catalog::{BuildError, Override, Prices, Problem, Rate, Weekday};

const CONDITIONS: [&str; 3] = ["above", "utc", "weekdays"];
const PRICES: [&str; Rate::ALL.len() + 1] = with_rates(["overrides"]);
const OVERRIDE: [&str; Rate::ALL.len() + CONDITIONS.len()] = with_rates(CONDITIONS);

/// The keys of all rates, and these after them.
const fn with_rates<const N: usize, const M: usize>(
    others: [&'static str; N],
) -> [&'static str; M] {
    let mut keys = [""; M];
    let mut index = 0;
    while index < M {
        keys[index] = match index < Rate::ALL.len() {
            true => Rate::ALL[index].key(),
            false => others[index - Rate::ALL.len()],
        };
        index += 1;
    }
    keys
}

pub(super) fn prices(table: &Table<'_>) -> Result<Prices, BuildError> {
    table.only(&PRICES)?;
    let mut prices = Prices::unknown();
    for (rate, price) in listed(table)? {
        prices = prices.with(rate, price);
    }
    if let Some(node) = table.get("overrides") {
        let alone = node.is(Problem::OverridesAlone);
        for item in node.items()? {
            prices = prices.with_override(conditional(item)?);
        }
        if prices.is_unknown() {
            return Err(alone);
        }
    }
    Ok(prices)
}

fn conditional(node: Node<'_>) -> Result<Override, BuildError> {
    let empty = node.is(Problem::EmptyOverride);
    let table = node.table()?;
    table.only(&OVERRIDE)?;
    let listed = listed(&table)?;
    if listed.is_empty() || CONDITIONS.iter().all(|key| table.get(key).is_none()) {
        return Err(empty);
    }
    let mut conditional = Override::new();
    if let Some(node) = table.get("above") {
        conditional = conditional.above(node.positive()?.get());
    }
    if let Some(node) = table.get("utc") {
        let text = node.string()?;
        let hours = text.parse().map_err(|error| {
            node.is(Problem::BadHours {
                text: text.into(),
                error,
            })
        })?;
        conditional = conditional.during(hours);
    }
    if let Some(node) = table.get("weekdays") {
        let names = || Weekday::ALL.map(Weekday::name);
        let days = node
            .items()?
            .map(|item| item.one_of(Weekday::named, names()));
        let days = days.collect::<Result<Vec<_>, _>>()?;
        if days.is_empty() {
            return Err(empty);
        }
        conditional = conditional.on(&days);
    }
    let with = |conditional: Override, (rate, price)| conditional.with(rate, price);
    Ok(listed.into_iter().fold(conditional, with))
}

fn listed(table: &Table<'_>) -> Result<Vec<(Rate, Price)>, BuildError> {
    let nodes = Rate::ALL
        .into_iter()
        .filter_map(|rate| Some((rate, table.get(rate.key())?)));
    nodes
        .map(|(rate, node)| Ok((rate, price(rate, &node)?)))
        .collect()
}

fn price(rate: Rate, node: &Node<'_>) -> Result<Price, BuildError> {
    let text = match node.value {
        DeValue::Float(float) => {
            let text = float.as_str().into();
            return Err(node.is(Problem::BarePrice { text }));
        }
        DeValue::Integer(integer) => {
            let text = integer.to_string().into();
            return Err(node.is(Problem::BarePrice { text }));
        }
        _ => node.string()?,
    };
    let price = match rate.is_surcharge() {
        true => text.parse(),
        false => Price::per_million(text),
    };
    price.map_err(|error| {
        node.is(Problem::BadPrice {
            text: text.into(),
            error,
        })
    })
}
