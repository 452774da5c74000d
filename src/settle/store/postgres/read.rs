//! The questions.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row as Found};

use super::fault::meaning;
use super::row::Stored;
use super::text::clean;
use super::wheres::Wheres;
use crate::generation::GenerationId;
use crate::money::Money;
use crate::settle::store::micros::{micros_of, time_of};
use crate::settle::store::{
    Credit, CreditKind, CreditQuery, Document, HoldRow, Row, RowQuery, StoreError,
};

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
    wheres.add(Box::new(micros_of(query.from)), Type::INT8);
    wheres.add(Box::new(micros_of(query.to)), Type::INT8);
    if let Some(account) = &query.account {
        // As the index has it: a name may be longer than its place there.
        wheres.and("md5(account) = md5($) AND account = $", clean(account));
    }
    if let Some(key) = query.key {
        wheres.and("key = $", key.to_string());
    }
    if let Some((at, id)) = &query.after {
        let place = wheres.add(Box::new(micros_of(*at)), Type::INT8);
        let after = format!("(created, id) > (${place}, $)");
        wheres.and(&after, id.as_str().to_owned());
    }
    let sql = format!(
        "SELECT id, to_jsonb(r)::text FROM switchtower_rows r WHERE {} ORDER BY created, id LIMIT {}",
        wheres.sql(),
        most(query.limit)
    );
    let found = wheres.ask(client, &sql).await?;
    found
        .iter()
        .map(|found| Stored::read(text(found, 0)?, text(found, 1)?))
        .collect()
}

pub(super) async fn holds(
    client: &Client,
    after: Option<&GenerationId>,
    limit: usize,
) -> Result<Vec<HoldRow>, StoreError> {
    let sql = "SELECT id, created, account, key, model, amount, replica, \"user\", tag FROM switchtower_holds \
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
            user: found.try_get(7).map_err(meaning)?,
            tag: found.try_get(8).map_err(meaning)?,
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

// === Helpers ===

pub(super) fn text(found: &Found, place: usize) -> Result<&str, StoreError> {
    found.try_get(place).map_err(meaning)
}

fn number(found: &Found, place: usize) -> Result<i64, StoreError> {
    found.try_get(place).map_err(meaning)
}

pub(super) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
