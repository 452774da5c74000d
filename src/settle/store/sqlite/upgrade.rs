//! From the first schema to the second: sums tell what callers' own keys were billed, and how far estimates may be from the
//! truth.

use std::collections::HashMap;

use rusqlite::{Transaction, params};

use super::sums::{first_form, of_cell, of_spend};
use super::write::{Grown, TABLES, count};
use crate::calendar::Day;
use crate::settle::store::{Spend, StoreError};

/// Of what is a sum of a day? Its account, and the rest.
type Of = (String, Vec<u8>);

/// Writes all sums anew: by their rows, if all of these are still there, and else as far as they are known.
pub(super) fn sums(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let mut select = transaction.prepare("SELECT DISTINCT day FROM sums")?;
    let days: Result<Vec<i32>, _> = select.query_map((), |row| row.get(0))?.collect();
    for day in days? {
        let mut grown = Grown::default();
        let day = Day::from_number(day);
        super::read::of_day(transaction, day, |row| count(&mut grown, &row))?;
        for (table, grown) in TABLES.into_iter().zip(grown) {
            let by_rows = grown.into_iter().map(|(of, sum)| {
                let cell = of_cell(&of);
                ((of.account, cell), sum)
            });
            of_day(transaction, table, day.number(), &by_rows.collect())?;
        }
    }
    Ok(())
}

fn of_day(
    transaction: &Transaction<'_>,
    table: &str,
    day: i32,
    by_rows: &HashMap<Of, Spend>,
) -> Result<(), StoreError> {
    let sql = format!("SELECT account, cell, body FROM {table} WHERE day = ?");
    let mut select = transaction.prepare(&sql)?;
    let sums = select.query_map([day], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    let sums: Result<Vec<(Of, Vec<u8>)>, _> = sums.collect();
    let sql = format!("REPLACE INTO {table} VALUES (?, ?, ?, ?)");
    let mut replace = transaction.prepare(&sql)?;
    for (of, body) in sums? {
        // What is damaged stays damaged, and is told of when it is asked for.
        let Some(known) = first_form(&body, day, &of.0, &of.1) else {
            continue;
        };
        let whole = by_rows
            .get(&of)
            .filter(|sum| sum.requests == known.requests);
        let body = of_spend(whole.unwrap_or(&known), day, &of.0, &of.1);
        replace.execute(params![day, of.0, of.1, body])?;
    }
    Ok(())
}
