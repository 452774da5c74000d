//! The questions.

use std::time::SystemTime;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row as Found};

use super::day::SUMS;
use super::fault::meaning;
use super::row::Stored;
use super::text::clean;
use crate::calendar::Day;
use crate::caller::KeyId;
use crate::generation::GenerationId;
use crate::money::Money;
use crate::settle::store::micros::{micros_of, time_of};
use crate::settle::store::{
    Credit, CreditKind, CreditQuery, Dimension, Document, HoldRow, Row, RowQuery, Spend,
    SpendQuery, StoreError,
};

type Arguments = Vec<(Box<dyn ToSql + Send + Sync>, Type)>;

pub(super) async fn row(client: &Client, id: &GenerationId) -> Result<Option<Row>, StoreError> {
    let sql = "SELECT id, to_jsonb(r)::text FROM switchtower_rows r WHERE id = $1";
    let found = client
        .query_typed_opt(sql, &[(&id.as_str(), Type::TEXT)])
        .await;
    let found = found.map_err(meaning)?;
    found
        .map(|found| Stored::read(text(&found, 0)?, text(&found, 1)?))
        .transpose()
}

pub(super) async fn rows(client: &Client, query: &RowQuery) -> Result<Vec<Row>, StoreError> {
    let mut wheres = Wheres::new(&["created >= $", "created < $"]);
    wheres
        .arguments
        .push((Box::new(micros_of(query.from)), Type::INT8));
    wheres
        .arguments
        .push((Box::new(micros_of(query.to)), Type::INT8));
    if let Some(account) = &query.account {
        // As the index has it: a name may be longer than its place there.
        wheres.and("md5(account) = md5($) AND account = $", clean(account));
    }
    if let Some(key) = query.key {
        wheres.and("key = $", key.to_string());
    }
    if let Some((at, id)) = &query.after {
        wheres.add(Box::new(micros_of(*at)), Type::INT8);
        wheres.and(
            &format!("(created, id) > (${}, $)", wheres.arguments.len()),
            id.as_str().to_owned(),
        );
    }
    let sql = format!(
        "SELECT id, to_jsonb(r)::text FROM switchtower_rows r WHERE {} ORDER BY created, id LIMIT {}",
        wheres.sql,
        most(query.limit)
    );
    let found = wheres.ask(client, &sql).await?;
    found
        .iter()
        .map(|found| Stored::read(text(found, 0)?, text(found, 1)?))
        .collect()
}

pub(super) async fn spend(client: &Client, query: &SpendQuery) -> Result<Vec<Spend>, StoreError> {
    let mut wheres = Wheres::new(&["day >= $", "day < $"]);
    wheres
        .arguments
        .push((Box::new(query.from.number()), Type::INT4));
    wheres
        .arguments
        .push((Box::new(query.to.number()), Type::INT4));
    let by_user = |by: &Dimension| matches!(by, Dimension::User | Dimension::Tag);
    let apart = query.user.is_some() || query.tag.is_some() || query.by.iter().any(by_user);
    wheres.sql.push_str(if apart {
        " AND apart"
    } else {
        " AND NOT apart"
    });
    let names = [
        ("account = $", query.account.as_deref().map(clean)),
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
        wheres.sql,
        most(query.limit)
    );
    let found = wheres.ask(client, &sql).await?;
    found.iter().map(|found| sums(found, &query.by)).collect()
}

pub(super) async fn holds(
    client: &Client,
    after: Option<&GenerationId>,
    limit: usize,
) -> Result<Vec<HoldRow>, StoreError> {
    let sql = "SELECT id, created, account, key, model, amount, replica FROM switchtower_holds \
        WHERE id > $1 ORDER BY id LIMIT $2";
    let asked = [
        (&after.map_or("", GenerationId::as_str) as _, Type::TEXT),
        (&most(limit) as _, Type::INT8),
    ];
    let found = client.query_typed(sql, &asked).await.map_err(meaning)?;
    let hold = |found: &Found| {
        let id = text(found, 0)?;
        let corrupt = || StoreError::Corrupt(format!("switchtower_holds: {id}"));
        let key = found.try_get::<_, Option<&str>>(3).map_err(meaning)?;
        Ok(HoldRow {
            id: id.parse().map_err(|_| corrupt())?,
            created: time_of(number(found, 1)?),
            account: text(found, 2)?.to_owned(),
            key: key.map(str::parse).transpose().map_err(|_| corrupt())?,
            model: found.try_get(4).map_err(meaning)?,
            amount: Money::from_picodollars(number(found, 5)?),
            replica: text(found, 6)?.to_owned(),
        })
    };
    found.iter().map(hold).collect()
}

pub(super) async fn credits(
    client: &Client,
    query: &CreditQuery,
) -> Result<Vec<Credit>, StoreError> {
    let sql = "SELECT id, account, kind, amount, fee, created, note FROM switchtower_credits \
        WHERE ($1 IS NULL OR md5(account) = md5($1) AND account = $1) AND created >= $2 AND created < $3 \
        AND id > $4 ORDER BY id LIMIT $5";
    let after = query.after.as_deref().unwrap_or_default();
    let arguments = [
        (&query.account.as_deref().map(clean) as _, Type::TEXT),
        (&micros_of(query.from.start()) as _, Type::INT8),
        (&micros_of(query.to.start()) as _, Type::INT8),
        (&after as _, Type::TEXT),
        (&most(query.limit) as _, Type::INT8),
    ];
    let found = client.query_typed(sql, &arguments).await.map_err(meaning)?;
    let credit = |found: &Found| {
        let id = text(found, 0)?;
        let corrupt = || StoreError::Corrupt(format!("switchtower_credits: {id}"));
        let word = text(found, 2)?;
        let kind = CreditKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word);
        Ok(Credit {
            id: id.to_owned(),
            account: text(found, 1)?.to_owned(),
            kind: kind.ok_or_else(corrupt)?,
            amount: Money::from_picodollars(number(found, 3)?),
            fee: Money::from_picodollars(number(found, 4)?),
            created: time_of(number(found, 5)?),
            note: text(found, 6)?.to_owned(),
        })
    };
    found.iter().map(credit).collect()
}

pub(super) async fn documents(
    client: &Client,
    kind: &'static str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Document>, StoreError> {
    let sql = "SELECT id, version, json FROM switchtower_documents \
        WHERE kind = $1 AND ($2 IS NULL OR id > $2) AND json IS NOT NULL ORDER BY id LIMIT $3";
    let asked = [
        (&kind as _, Type::TEXT),
        (&after as _, Type::TEXT),
        (&most(limit) as _, Type::INT8),
    ];
    let found = client.query_typed(sql, &asked).await;
    let document = |found: &Found| {
        let id = text(found, 0)?;
        let version = number(found, 1)?.try_into();
        Ok(Document {
            kind,
            id: id.to_owned(),
            version: version
                .map_err(|_| StoreError::Corrupt(format!("switchtower_documents: {kind} {id}")))?,
            json: found.try_get(2).map_err(meaning)?,
        })
    };
    found.map_err(meaning)?.iter().map(document).collect()
}

/// Some of them, and how many.
pub(super) async fn prune(
    client: &Client,
    before: SystemTime,
    some: usize,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM switchtower_rows WHERE id IN \
        (SELECT id FROM switchtower_rows WHERE created < $1 ORDER BY created LIMIT $2)";
    let asked = [
        (&micros_of(before) as _, Type::INT8),
        (&most(some) as _, Type::INT8),
    ];
    let gone = client.execute_typed(sql, &asked).await;
    gone.map_err(meaning)
}

// === Helpers ===

/// Conditions, and what they speak of.
struct Wheres {
    sql: String,
    arguments: Arguments,
}

// === impl Wheres ===

impl Wheres {
    /// Each of these with an argument of its own, which is yet to be added.
    fn new(conditions: &[&str]) -> Self {
        let numbered = conditions.iter().enumerate();
        let numbered = numbered.map(|(place, condition)| format!("{condition}{}", place + 1));
        Self {
            sql: numbered.collect::<Vec<_>>().join(" AND "),
            arguments: Vec::new(),
        }
    }

    fn add(&mut self, argument: Box<dyn ToSql + Send + Sync>, of: Type) {
        self.arguments.push((argument, of));
    }

    /// And this, where `$` without a number is this name.
    fn and(&mut self, condition: &str, name: String) {
        self.add(Box::new(name), Type::TEXT);
        let place = format!("${}", self.arguments.len());
        self.sql.push_str(" AND ");
        let mut rest = condition.chars().peekable();
        while let Some(letter) = rest.next() {
            let numbered = rest.peek().is_some_and(char::is_ascii_digit);
            if letter == '$' && !numbered {
                self.sql.push_str(&place);
            } else {
                self.sql.push(letter);
            }
        }
    }

    /// And this column is one of these names.
    fn and_any(&mut self, column: &str, names: Vec<String>) {
        self.add(Box::new(names), Type::TEXT_ARRAY);
        let place = self.arguments.len();
        self.sql.push_str(&format!(" AND {column} = ANY(${place})"));
    }

    async fn ask(&self, client: &Client, sql: &str) -> Result<Vec<Found>, StoreError> {
        let arguments = self.arguments.iter();
        let arguments: Vec<(&(dyn ToSql + Sync), Type)> = arguments
            .map(|(argument, of)| (&**argument as _, of.clone()))
            .collect();
        client.query_typed(sql, &arguments).await.map_err(meaning)
    }
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

fn text(found: &Found, place: usize) -> Result<&str, StoreError> {
    found.try_get(place).map_err(meaning)
}

fn number(found: &Found, place: usize) -> Result<i64, StoreError> {
    found.try_get(place).map_err(meaning)
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
