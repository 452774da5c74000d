//! All entries, or none, in one transaction.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::entry::{of_credit, of_hold};
use super::row::Stored;
use super::sums::{of_cell, of_spend, spend_of};
use crate::calendar::Day;
use crate::settle::store::micros::micros_of;
use crate::settle::store::sums::Cell;
use crate::settle::store::{Credit, Document, Entry, HoldRow, Row, Spend, StoreError};

/// Sums that grow by a transaction: those of all users, and those that tell them apart.
pub(super) type Grown = [HashMap<Cell, Spend>; 2];

pub(super) const TABLES: [&str; 2] = ["sums", "sums_of_users"];

pub(super) fn commit(connection: &mut Connection, entries: &[Entry]) -> Result<(), StoreError> {
    let behavior = TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(behavior)?;
    let mut grown = Grown::default();
    for entry in entries {
        match entry {
            Entry::Hold(hold) => add_hold(&transaction, hold)?,
            Entry::Row(row) => {
                if add_row(&transaction, row)? {
                    count(&mut grown, row);
                }
            }
            Entry::Released(id) => release(&transaction, id.as_str())?,
            Entry::Credit(credit) => add_credit(&transaction, credit)?,
            Entry::Document(document) => add_document(&transaction, document)?,
            Entry::Drawn(_) => {}
        }
    }
    let mut damaged = Vec::new();
    for (table, grown) in TABLES.into_iter().zip(grown) {
        for (cell, spend) in grown {
            if !damaged.contains(&cell.day) && !add_sum(&transaction, table, &cell, &spend)? {
                damaged.push(cell.day);
            }
        }
    }
    // Made anew, they have what was added just now as well.
    for day in damaged {
        rebuild(&transaction, day)?;
    }
    Ok(transaction.commit()?)
}

/// Was it not there yet?
fn add_row(transaction: &Transaction<'_>, row: &Row) -> Result<bool, StoreError> {
    let stored = Stored::of(row);
    let Stored {
        id,
        created,
        account,
        key,
        body,
    } = &stored;
    let sql = "INSERT INTO rows VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let mut insert = transaction.prepare_cached(sql)?;
    let new = insert.execute(params![id, created, account, key, body])? > 0;
    if new {
        release(transaction, id)?;
    } else if super::read::stored(transaction, id)?.as_ref() != Some(&stored) {
        return Err(StoreError::Conflict(id.clone()));
    }
    Ok(new)
}

fn add_hold(transaction: &Transaction<'_>, hold: &HoldRow) -> Result<(), StoreError> {
    let (id, body) = (hold.id.as_str(), of_hold(hold));
    let sql = "INSERT INTO holds SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM rows WHERE id = ?1)
        ON CONFLICT DO NOTHING";
    if transaction
        .prepare_cached(sql)?
        .execute(params![id, body])?
        > 0
    {
        return Ok(());
    }
    let sql = "SELECT body FROM holds WHERE id = ?";
    let mut select = transaction.prepare_cached(sql)?;
    let known: Option<Vec<u8>> = select.query_row([id], |row| row.get(0)).optional()?;
    // If there is none, its row has been written.
    same(known.is_none_or(|known| known == body), id)
}

fn release(transaction: &Transaction<'_>, id: &str) -> Result<(), StoreError> {
    let mut delete = transaction.prepare_cached("DELETE FROM holds WHERE id = ?")?;
    delete.execute([id])?;
    Ok(())
}

fn add_credit(transaction: &Transaction<'_>, credit: &Credit) -> Result<(), StoreError> {
    let (created, body) = (micros_of(credit.created), of_credit(credit));
    let sql = "INSERT INTO credits VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let mut insert = transaction.prepare_cached(sql)?;
    if insert.execute(params![credit.id, credit.account, created, body])? > 0 {
        return Ok(());
    }
    // The body is sealed to all the rest.
    let sql = "SELECT body FROM credits WHERE id = ?";
    let mut select = transaction.prepare_cached(sql)?;
    let known: Vec<u8> = select.query_row([&credit.id], |row| row.get(0))?;
    same(known == body, &credit.id)
}

fn add_document(transaction: &Transaction<'_>, document: &Document) -> Result<(), StoreError> {
    let Document {
        kind,
        id,
        version,
        json,
    } = document;
    let sql = "SELECT version, json FROM documents WHERE kind = ? AND id = ?";
    let mut select = transaction.prepare_cached(sql)?;
    let known: Option<(i64, Option<String>)> = select
        .query_row([kind, &**id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Ok(version) = i64::try_from(*version) else {
        return Err(StoreError::Conflict(id.clone()));
    };
    if known.as_ref() == Some(&(version, json.clone())) {
        return Ok(());
    }
    let before = known.map_or(0, |(version, _)| version);
    same(before.checked_add(1) == Some(version), id)?;
    let sql = "REPLACE INTO documents VALUES (?, ?, ?, ?)";
    let mut replace = transaction.prepare_cached(sql)?;
    replace.execute(params![kind, id, version, json])?;
    Ok(())
}

pub(super) fn count(grown: &mut Grown, row: &Row) {
    let (cell, spend) = (Cell::of(row), Spend::of_row(row));
    let cells = [cell.clone().of_all_users(), cell];
    for (grown, cell) in grown.iter_mut().zip(cells) {
        grown.entry(cell).or_default().add(&spend);
    }
}

/// False if the sum that is there is damaged.
fn add_sum(
    transaction: &Transaction<'_>,
    table: &str,
    of: &Cell,
    more: &Spend,
) -> Result<bool, StoreError> {
    let (day, account, cell) = (of.day.number(), &of.account, of_cell(of));
    let sql = format!("SELECT body FROM {table} WHERE day = ? AND account = ? AND cell = ?");
    let mut select = transaction.prepare_cached(&sql)?;
    let known: Option<Vec<u8>> = select
        .query_row(params![day, account, cell], |row| row.get(0))
        .optional()?;
    let mut sum = match known {
        Some(known) => match spend_of(&known, day, account, &cell) {
            Some(sum) => sum,
            None => return Ok(false),
        },
        None => Spend::default(),
    };
    sum.add(more);
    let body = of_spend(&sum, day, account, &cell);
    let sql = format!("REPLACE INTO {table} VALUES (?, ?, ?, ?)");
    let mut replace = transaction.prepare_cached(&sql)?;
    replace.execute(params![day, account, cell, body])?;
    Ok(true)
}

/// Makes the sums of a day anew, of the rows that are there and whole.
pub(super) fn rebuild(transaction: &Transaction<'_>, day: Day) -> Result<(), StoreError> {
    for table in TABLES {
        let sql = format!("DELETE FROM {table} WHERE day = ?");
        transaction.execute(&sql, [day.number()])?;
    }
    let mut grown = Grown::default();
    super::read::of_day(transaction, day, |row| count(&mut grown, &row))?;
    for (table, grown) in TABLES.into_iter().zip(grown) {
        for (cell, spend) in grown {
            add_sum(transaction, table, &cell, &spend)?;
        }
    }
    Ok(())
}

fn same(same: bool, name: &str) -> Result<(), StoreError> {
    match same {
        true => Ok(()),
        false => Err(StoreError::Conflict(name.to_owned())),
    }
}
