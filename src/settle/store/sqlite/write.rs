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
use crate::telemetry;

/// Sums that grow by a transaction: those of all users, and those that tell them apart.
pub(super) type Grown = [HashMap<Cell, Spend>; 2];

pub(super) const TABLES: [&str; 2] = ["sums", "sums_of_users"];

/// What has become of a row?
enum Added {
    /// It was not there yet.
    New,
    /// It was there.
    Again,
    /// It has taken the place of this one.
    Late(Box<Row>),
}

/// How does a sum change?
type Change = fn(&mut Spend, &Spend);

pub(super) fn commit(connection: &mut Connection, entries: &[Entry]) -> Result<(), StoreError> {
    let behavior = TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(behavior)?;
    let (mut more, mut less, mut late) = (Grown::default(), Grown::default(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Hold(hold) => add_hold(&transaction, hold)?,
            Entry::Row(row) => match add_row(&transaction, row)? {
                Added::New => count(&mut more, row),
                Added::Again => {}
                Added::Late(before) => {
                    count(&mut more, row);
                    count(&mut less, &before);
                    late.push(row);
                }
            },
            Entry::Released(id) => release(&transaction, id.as_str())?,
            Entry::Credit(credit) => add_credit(&transaction, credit)?,
            Entry::Document(document) => add_document(&transaction, document)?,
            Entry::Drawn(_) => {}
        }
    }
    let mut damaged = Vec::new();
    let changes: [(Grown, Change); 2] = [(more, Spend::add), (less, Spend::take_out)];
    for (grown, change) in changes {
        for (table, grown) in TABLES.into_iter().zip(grown) {
            for (cell, spend) in grown {
                if !damaged.contains(&cell.day)
                    && !change_sum(&transaction, table, &cell, &spend, change)?
                {
                    damaged.push(cell.day);
                }
            }
        }
    }
    // Made anew, they have what was added just now as well.
    for day in damaged {
        rebuild(&transaction, day)?;
    }
    transaction.commit()?;
    late.into_iter()
        .for_each(|row| telemetry::settled_late(row));
    Ok(())
}

fn add_row(transaction: &Transaction<'_>, row: &Row) -> Result<Added, StoreError> {
    let stored = Stored::of(row);
    let Stored {
        id,
        created,
        account,
        key,
        body,
    } = &stored;
    let values = params![id, created, account, key, body];
    let sql = "INSERT INTO rows VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    if transaction.prepare_cached(sql)?.execute(values)? > 0 {
        release(transaction, id)?;
        return Ok(Added::New);
    }
    let known = super::read::stored(transaction, id)?;
    if known.as_ref() == Some(&stored) {
        return Ok(Added::Again);
    }
    let known = known.and_then(|known| known.row());
    let Some(before) = known.filter(|known| row.supersedes(known)) else {
        return Err(StoreError::Conflict(id.clone()));
    };
    let sql = "REPLACE INTO rows VALUES (?, ?, ?, ?, ?)";
    transaction.prepare_cached(sql)?.execute(values)?;
    release(transaction, id)?;
    Ok(Added::Late(Box::new(before)))
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
fn change_sum(
    transaction: &Transaction<'_>,
    table: &str,
    of: &Cell,
    by: &Spend,
    change: Change,
) -> Result<bool, StoreError> {
    let (day, account, cell) = (of.day.number(), &of.account, of_cell(of));
    let its = "day = ? AND account = ? AND cell = ?";
    let sql = format!("SELECT body FROM {table} WHERE {its}");
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
    change(&mut sum, by);
    if sum.requests == 0 {
        let sql = format!("DELETE FROM {table} WHERE {its}");
        let mut delete = transaction.prepare_cached(&sql)?;
        delete.execute(params![day, account, cell])?;
        return Ok(true);
    }
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
            change_sum(transaction, table, &cell, &spend, Spend::add)?;
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
