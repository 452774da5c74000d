//! What is asked of the file.

use rusqlite::{Connection, OptionalExtension, Row as Columns, params};

use super::entry::{credit, hold};
use super::row::Stored;
use super::sums::sum;
use crate::calendar::{Day, timestamp};
use crate::generation::GenerationId;
use crate::settle::store::micros::{micros_of, time_of};
use crate::settle::store::sums::Groups;
use crate::settle::store::{
    Credit, CreditQuery, Document, HoldRow, Row, RowQuery, Spend, SpendQuery, StoreError,
};

/// The row of this name, as it lies there.
pub(super) fn stored(connection: &Connection, id: &str) -> Result<Option<Stored>, StoreError> {
    let sql = "SELECT id, created, account, key, body FROM rows WHERE id = ?";
    let mut select = connection.prepare_cached(sql)?;
    Ok(select.query_row([id], columns).optional()?)
}

pub(super) fn row(connection: &Connection, id: &str) -> Result<Option<Row>, StoreError> {
    stored(connection, id)?.as_ref().map(whole).transpose()
}

pub(super) fn rows(connection: &Connection, query: &RowQuery) -> Result<Vec<Row>, StoreError> {
    let sql = "SELECT id, created, account, key, body FROM rows
        WHERE created >= ?1 AND created < ?2 AND (created, id) > (?3, ?4)
            AND (?5 IS NULL OR account = ?5) AND (?6 IS NULL OR key = ?6)
        ORDER BY created, id LIMIT ?7";
    let after = query.after.as_ref();
    let (at, id) = after.map_or((-1, ""), |(at, id)| (micros_of(*at), id.as_str()));
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map(
        params![
            micros_of(query.from).max(at),
            micros_of(query.to),
            at,
            id,
            query.account,
            query.key.as_ref().map(|key| &key.as_bytes()[..]),
            most(query.limit),
        ],
        columns,
    )?;
    rows.map(|stored| whole(&stored?)).collect()
}

/// Each row of a day that is whole.
pub(super) fn of_day(
    connection: &Connection,
    day: Day,
    mut with: impl FnMut(Row),
) -> Result<(), StoreError> {
    let sql = "SELECT id, created, account, key, body FROM rows WHERE created >= ? AND created < ?";
    let mut select = connection.prepare(sql)?;
    let from = micros_of(day.start());
    for stored in select.query_map([from, from + 86_400_000_000], columns)? {
        stored?.row().into_iter().for_each(&mut with);
    }
    Ok(())
}

pub(super) fn spend(connection: &Connection, query: &SpendQuery) -> Result<Vec<Spend>, StoreError> {
    let table = match query.tells_users_apart() {
        true => "sums_of_users",
        false => "sums",
    };
    let sql = format!(
        "SELECT day, account, cell, body FROM {table}
        WHERE day >= ?1 AND day < ?2 AND (?3 IS NULL OR account = ?3)"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let mut sums = select.query(params![
        query.from.number(),
        query.to.number(),
        query.account
    ])?;
    let mut groups = Groups::default();
    while let Some(columns) = sums.next()? {
        let (day, account) = (columns.get(0)?, columns.get(1)?);
        let (cell, body) = (columns.get_ref(2)?, columns.get_ref(3)?);
        let known = cell.as_blob().ok().zip(body.as_blob().ok());
        let known = known.and_then(|(cell, body)| sum(day, account, cell, body));
        let Some((cell, spend)) = known else {
            let day = Day::from_number(day);
            return Err(StoreError::Corrupt(format!("a sum of {day}")));
        };
        if cell.matches(query) {
            groups.add(query, &cell, &spend);
        }
    }
    Ok(groups.into_answer(query))
}

pub(super) fn holds(
    connection: &Connection,
    after: Option<&GenerationId>,
    limit: usize,
) -> Result<Vec<HoldRow>, StoreError> {
    let sql = "SELECT id, body FROM holds WHERE id > ? ORDER BY id LIMIT ?";
    let mut select = connection.prepare_cached(sql)?;
    let after = after.map_or("", GenerationId::as_str);
    let holds = select.query_map(params![after, most(limit)], |columns| {
        Ok((columns.get(0)?, columns.get(1)?))
    })?;
    let mut found = Vec::new();
    for columns in holds {
        let (id, body): (String, Vec<u8>) = columns?;
        let damaged = || StoreError::Corrupt(format!("the hold {id}"));
        found.push(hold(&id, &body).ok_or_else(damaged)?);
    }
    Ok(found)
}

pub(super) fn credits(
    connection: &Connection,
    query: &CreditQuery,
) -> Result<Vec<Credit>, StoreError> {
    // Of one account there are few, wherever they lie; of all of them the next are those that come next.
    let (index, account) = match query.account {
        Some(_) => ("INDEXED BY credits_by_account", "account = ?1 AND"),
        None => ("", "?1 IS NULL AND"),
    };
    let sql = format!(
        "SELECT id, account, created, body FROM credits {index}
        WHERE {account} created >= ?2 AND created < ?3 AND id > ?4 ORDER BY id LIMIT ?5"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let [from, to] = [query.from, query.to].map(|day| micros_of(day.start()));
    let after = query.after.as_deref().unwrap_or_default();
    let asked = params![query.account, from, to, after, most(query.limit)];
    let credits = select.query_map(asked, |columns| {
        Ok((
            columns.get(0)?,
            columns.get(1)?,
            columns.get(2)?,
            columns.get(3)?,
        ))
    })?;
    let mut found = Vec::new();
    for columns in credits {
        let (id, account, created, body): (String, String, i64, Vec<u8>) = columns?;
        let damaged = StoreError::Corrupt(format!("the credit {id}"));
        found.push(credit(id, account, created, &body).ok_or(damaged)?);
    }
    Ok(found)
}

pub(super) fn documents(
    connection: &Connection,
    kind: &'static str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Document>, StoreError> {
    let sql = "SELECT id, version, json FROM documents
        WHERE kind = ?1 AND (?2 IS NULL OR id > ?2) AND json IS NOT NULL ORDER BY id LIMIT ?3";
    let mut select = connection.prepare_cached(sql)?;
    let documents = select.query_map(params![kind, after, most(limit)], |columns| {
        Ok(Document {
            kind,
            id: columns.get(0)?,
            version: columns.get::<_, i64>(1)?.unsigned_abs(),
            json: columns.get(2)?,
        })
    })?;
    Ok(documents.collect::<Result<_, _>>()?)
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn columns(columns: &Columns<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        id: columns.get(0)?,
        created: columns.get(1)?,
        account: columns.get(2)?,
        key: columns.get(3)?,
        body: columns.get(4)?,
    })
}

fn whole(stored: &Stored) -> Result<Row, StoreError> {
    stored.row().ok_or_else(|| {
        let (id, at) = (&stored.id, timestamp(time_of(stored.created)));
        StoreError::Corrupt(format!("the row {id} of {at}"))
    })
}
