//! What is asked of the sums.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row as Found};

use super::day::SUMS;
use super::fault::meaning;
use super::read::{most, text};
use super::text::clean;
use super::wheres::Wheres;
use crate::calendar::Day;
use crate::caller::KeyId;
use crate::settle::store::{Dimension, Spend, SpendQuery, StoreError};

pub(super) async fn spend(client: &Client, query: &SpendQuery) -> Result<Vec<Spend>, StoreError> {
    let mut wheres = Wheres::new(&["day >= $", "day < $"]);
    wheres.add(Box::new(query.from.number()), Type::INT4);
    wheres.add(Box::new(query.to.number()), Type::INT4);
    wheres.and_that(match query.tells_users_apart() {
        true => "apart",
        false => "NOT apart",
    });
    let names = [
        (
            "md5(account) = md5($) AND account = $",
            query.account.as_deref().map(clean),
        ),
        ("\"user\" = $", query.user.as_deref().map(clean)),
        ("tag = $", query.tag.as_deref().map(clean)),
    ];
    for (condition, name) in names {
        if let Some(name) = name {
            wheres.and(condition, name);
        }
    }
    if let Some(keys) = &query.keys {
        let keys: Vec<_> = keys.iter().map(KeyId::to_string).collect();
        wheres.and_any("key", keys);
    }
    let columns: Vec<_> = query.by.iter().map(|by| column(*by)).collect();
    let of: String = columns
        .iter()
        .map(|column| format!("{column}::text, "))
        .collect();
    let order = columns.join(", ");
    let (group, order) = match &*order {
        "" => ("()".to_owned(), String::new()),
        order => (
            order.to_owned(),
            format!(
                "ORDER BY {}",
                columns.join(" NULLS FIRST, ") + " NULLS FIRST"
            ),
        ),
    };
    let sql = format!(
        "SELECT {of}{} FROM switchtower_days WHERE {} GROUP BY {group} HAVING count(*) > 0 {order} LIMIT {}",
        SUMS.map(|sum| format!("sum({sum})::text")).join(", "),
        wheres.sql(),
        most(query.limit)
    );
    let found = wheres.ask(client, &sql).await?;
    found.iter().map(|found| sums(found, &query.by)).collect()
}

fn column(of: Dimension) -> &'static str {
    match of {
        Dimension::Day => "day",
        Dimension::Account => "account",
        Dimension::Key => "key",
        Dimension::Model => "model",
        Dimension::Provider => "provider",
        Dimension::Endpoint => "endpoint",
        Dimension::User => "\"user\"",
        Dimension::Tag => "tag",
    }
}

fn sums(found: &Found, by: &[Dimension]) -> Result<Spend, StoreError> {
    let value = |(place, of): (usize, &Dimension)| {
        let value = found.try_get::<_, Option<&str>>(place).map_err(meaning)?;
        if *of != Dimension::Day {
            return Ok(value.map(str::to_owned));
        }
        let day = value.and_then(|day| day.parse().ok());
        Ok(day.map(|day| Day::from_number(day).to_string()))
    };
    let of: Result<_, StoreError> = by.iter().enumerate().map(value).collect();
    let sum = |name: &str| {
        let place = SUMS.iter().position(|sum| *sum == name);
        let sum = text(found, by.len() + place.unwrap_or(SUMS.len()))?;
        let read = sum.parse::<i128>();
        read.map_err(|_| StoreError::Corrupt(format!("switchtower_days: {sum}")))
    };
    let count = |name| sum(name).map(|sum| u64::try_from(sum.max(0)).unwrap_or(u64::MAX));
    Ok(Spend {
        of: of?,
        requests: count("requests")?,
        charge_unknown: count("charge_unknown")?,
        charge_unknown_held: sum("charge_unknown_held")?,
        charge: sum("charge")?,
        charge_estimated: sum("charge_estimated")?,
        fee: sum("fee")?,
        cost_exact: sum("cost_exact")?,
        cost_estimated: sum("cost_estimated")?,
        cost_unknown: count("cost_unknown")?,
        cost_at_most: sum("cost_at_most")?,
        cost_no_bound: count("cost_no_bound")?,
        byok_cost: sum("byok_cost")?,
        byok_unknown: count("byok_unknown")?,
        byok_counted: sum("byok_counted")?,
        prompt_tokens: count("prompt_tokens")?,
        cached_tokens: count("cached_tokens")?,
        completion_tokens: count("completion_tokens")?,
        reasoning_tokens: count("reasoning_tokens")?,
    })
}
