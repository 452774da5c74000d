//! One batch, in one transaction.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row as Found};

use super::day::{Added, SUMS, changed};
use super::entry::{CREDIT_COLUMNS, Given, HOLD_COLUMNS, Holding};
use super::fault::meaning;
use super::leases::draw;
use super::row::{COLUMNS, Stored};
use super::text::{clean, cleaned};
use crate::settle::lease::Drawn;
use crate::settle::store::{Document, Entry, Row, StoreError};
use crate::telemetry;

/// What is to be written, sorted by what it is.
#[derive(Debug, Default)]
pub(super) struct Batch {
    holds: Vec<Holding>,
    rows: Vec<Row>,
    over: Vec<String>,
    credits: Vec<Given>,
    documents: Vec<Document>,
    drawn: Vec<Drawn>,
}

// === impl Batch ===

impl Batch {
    pub(super) fn of(entries: &[Entry]) -> Result<Self, StoreError> {
        let mut batch = Self::default();
        for entry in entries {
            match entry {
                Entry::Hold(hold) => batch.holds.push(Holding::from(hold)),
                Entry::Row(row) => {
                    batch.over.push(row.id.as_str().to_owned());
                    let kept = Stored::from(&**row).row();
                    let lost = || StoreError::Corrupt(format!("{}: its time", row.id));
                    batch.rows.push(kept.ok_or_else(lost)?);
                }
                Entry::Released(id) => batch.over.push(id.as_str().to_owned()),
                Entry::Credit(credit) => batch.credits.push(Given::from(credit)),
                Entry::Drawn(drawn) => batch.drawn.push(drawn.clone()),
                Entry::Document(document) => batch.documents.push(Document {
                    id: clean(&document.id),
                    json: cleaned(document.json.as_deref()),
                    ..document.clone()
                }),
            }
        }
        once(&mut batch.holds, |hold| hold.id.clone())?;
        once(&mut batch.rows, |row| row.id.as_str().to_owned())?;
        once(&mut batch.drawn, |drawn| drawn.counter.clone())?;
        once(&mut batch.credits, |credit| credit.id.clone())?;
        Ok(batch)
    }

    /// The names under which it holds something.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.holds.iter().map(|hold| hold.replica.clone());
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Writes all of it, or nothing.
    pub(super) async fn write(self, client: &Client) -> Result<(), StoreError> {
        let stored: Vec<_> = self.rows.iter().map(Stored::from).collect();
        let (rows, holds, credits) = (json(&stored)?, json(&self.holds)?, json(&self.credits)?);
        let (begun, held, new, gone, given) = tokio::join! {
            biased;
            client.batch_execute("BEGIN"),
            insert(client, "switchtower_holds", HOLD_COLUMNS, &holds),
            insert(client, "switchtower_rows", COLUMNS, &rows),
            async {
                let over = [(&self.over as _, Type::TEXT_ARRAY)];
                client.execute_typed("DELETE FROM switchtower_holds WHERE id = ANY($1)", &over).await
            },
            insert(client, "switchtower_credits", CREDIT_COLUMNS, &credits),
        };
        // In the order in which they went: what comes after one that has failed says no more than that.
        begun.map_err(meaning)?;
        let (held, new) = (held?, new?);
        gone.map_err(meaning)?;
        let given = given?;
        let late = self.supersede(client, &new).await?;
        let known = [
            ("switchtower_holds", &holds, held.len() < self.holds.len()),
            ("switchtower_rows", &rows, new.len() < self.rows.len()),
            (
                "switchtower_credits",
                &credits,
                given.len() < self.credits.len(),
            ),
        ];
        for (table, entries, _) in known.into_iter().filter(|(.., known)| *known) {
            same(client, table, entries).await?;
        }
        let is_new = |row: &&Row| {
            let late = late.iter().map(|before| before.id.as_str());
            new.iter()
                .map(|id| &**id)
                .chain(late)
                .any(|id| id == row.id.as_str())
        };
        let days = changed(self.rows.iter().filter(is_new), &late);
        for document in &self.documents {
            change(client, document).await?;
        }
        // What may have to wait for a lease comes last.
        let (added, emptied, drawn) = tokio::join! {
            biased;
            add(client, &days),
            async {
                match late.is_empty() {
                    true => Ok(()),
                    false => drop_empty(client, &days).await,
                }
            },
            draw(client, &self.drawn),
        };
        added?;
        emptied?;
        drawn?;
        client.batch_execute("COMMIT").await.map_err(meaning)?;
        let is_late = |row: &&Row| late.iter().any(|before| before.id == row.id);
        let late = self.rows.iter().filter(is_late);
        late.for_each(telemetry::settled_late);
        Ok(())
    }

    /// Rows that come after a start has told their requests as abandoned take the place of what it has written of them. Returns
    /// that.
    async fn supersede(&self, client: &Client, new: &[String]) -> Result<Vec<Row>, StoreError> {
        let is_known = |row: &&Row| new.iter().all(|id| id != row.id.as_str());
        let known = self.rows.iter().filter(is_known);
        let late: Vec<&Row> = known.filter(|row| !row.is_abandoned()).collect();
        if late.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = late.iter().map(|row| row.id.as_str()).collect();
        let sql = "DELETE FROM switchtower_rows r WHERE id = ANY($1) AND \"end\" = $2 RETURNING id, to_jsonb(r)::text";
        let abandoned = [
            (&ids as _, Type::TEXT_ARRAY),
            (&Row::ABANDONED as _, Type::TEXT),
        ];
        let gone = client.query_typed(sql, &abandoned).await.map_err(meaning)?;
        let read = |found: &Found| {
            let (id, json) = (found.try_get(0), found.try_get(1));
            Stored::read(id.map_err(meaning)?, json.map_err(meaning)?)
        };
        let gone: Vec<Row> = gone.iter().map(read).collect::<Result<_, _>>()?;
        let is_gone = |row: &&&Row| gone.iter().any(|before| before.id == row.id);
        let late = late.iter().filter(is_gone).map(|row| Stored::from(*row));
        let late = json(&late.collect::<Vec<_>>())?;
        insert(client, "switchtower_rows", COLUMNS, &late).await?;
        Ok(gone)
    }
}

/// Writes what is not there, and tells its names. A hold of a request that is over is none.
async fn insert(
    client: &Client,
    table: &str,
    columns: &str,
    entries: &str,
) -> Result<Vec<String>, StoreError> {
    if entries == "[]" {
        return Ok(Vec::new());
    }
    let over = match table {
        "switchtower_holds" => {
            "WHERE NOT EXISTS (SELECT FROM switchtower_rows r WHERE r.id = new.id)"
        }
        _ => "",
    };
    let names: String = columns
        .split(", ")
        .filter_map(|column| column.split(' ').next())
        .collect::<Vec<_>>()
        .join(", ");
    let sql = format!(
        "INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_to_recordset($1::text::jsonb) AS new({columns}) {over} \
         ON CONFLICT DO NOTHING RETURNING id"
    );
    let rows = client.query_typed(&sql, &[(&entries, Type::TEXT)]).await;
    let ids = rows.map_err(meaning)?;
    let ids = ids.iter().map(|row| row.try_get(0).map_err(meaning));
    ids.collect()
}

/// What is there already must be the same.
async fn same(client: &Client, table: &str, entries: &str) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT known.id FROM jsonb_array_elements($1::text::jsonb) new \
         JOIN {table} known ON known.id = new->>'id' WHERE to_jsonb(known) IS DISTINCT FROM new LIMIT 1"
    );
    let other = client
        .query_typed_opt(&sql, &[(&entries, Type::TEXT)])
        .await;
    match other.map_err(meaning)? {
        Some(row) => Err(StoreError::Conflict(row.try_get(0).map_err(meaning)?)),
        None => Ok(()),
    }
}

async fn add(client: &Client, days: &[Added]) -> Result<(), StoreError> {
    if days.is_empty() {
        return Ok(());
    }
    let names = "account, key, model, provider, endpoint, \"user\", tag";
    let each = |with: &dyn Fn(&str) -> String| SUMS.map(with).join(", ");
    let sql = format!(
        "INSERT INTO switchtower_days AS known (day, digest, apart, {names}, {sums}) \
         SELECT day, decode(digest, 'hex'), apart, {names}, {sums} FROM jsonb_to_recordset($1::text::jsonb) \
         AS new(day integer, digest text, apart boolean, {typed}, {numbers}) \
         ON CONFLICT (day, apart, digest) DO UPDATE SET {changes}",
        sums = SUMS.join(", "),
        typed = names
            .split(", ")
            .map(|name| format!("{name} text"))
            .collect::<Vec<_>>()
            .join(", "),
        numbers = each(&|sum| format!("{sum} numeric")),
        changes = each(&|sum| format!("{sum} = known.{sum} + excluded.{sum}")),
    );
    let added = client
        .execute_typed(&sql, &[(&json(days)?, Type::TEXT)])
        .await;
    added.map(drop).map_err(meaning)
}

/// Sums of nothing are none.
async fn drop_empty(client: &Client, days: &[Added]) -> Result<(), StoreError> {
    let sql = "DELETE FROM switchtower_days d \
        USING jsonb_to_recordset($1::text::jsonb) AS new(day integer, digest text, apart boolean) \
        WHERE d.requests <= 0 AND d.day = new.day AND d.apart = new.apart AND d.digest = decode(new.digest, 'hex')";
    let days = json(days)?;
    let dropped = client.execute_typed(sql, &[(&days, Type::TEXT)]).await;
    dropped.map(drop).map_err(meaning)
}

/// Only the next version is taken.
async fn change(client: &Client, document: &Document) -> Result<(), StoreError> {
    let conflict = || StoreError::Conflict(document.id.clone());
    let version = i64::try_from(document.version).map_err(|_| conflict())?;
    let entry = [
        (&document.kind as _, Type::TEXT),
        (&document.id as _, Type::TEXT),
        (&version as _, Type::INT8),
        (&document.json as _, Type::TEXT),
    ];
    let sql = "WITH changed AS ( \
            INSERT INTO switchtower_documents AS known SELECT $1, $2, $3, $4 \
            WHERE $3 = 1 OR EXISTS (SELECT FROM switchtower_documents WHERE kind = $1 AND id = $2) \
            ON CONFLICT (kind, id) DO UPDATE SET version = $3, json = $4 WHERE known.version = $3 - 1 \
            RETURNING id) \
        SELECT id FROM changed UNION ALL SELECT id FROM switchtower_documents \
        WHERE kind = $1 AND id = $2 AND version = $3 AND json IS NOT DISTINCT FROM $4";
    let taken = client.query_typed(sql, &entry).await.map_err(meaning)?;
    if taken.is_empty() {
        return Err(conflict());
    }
    Ok(())
}

/// Each of a name once: the same again changes nothing.
fn once<T: PartialEq>(entries: &mut Vec<T>, name: impl Fn(&T) -> String) -> Result<(), StoreError> {
    let mut kept = HashMap::<String, usize>::new();
    let mut first = Vec::<T>::with_capacity(entries.len());
    for entry in entries.drain(..) {
        match kept.get(&name(&entry)) {
            Some(&place) if first[place] == entry => {}
            Some(_) => return Err(StoreError::Conflict(name(&entry))),
            None => {
                kept.insert(name(&entry), first.len());
                first.push(entry);
            }
        }
    }
    *entries = first;
    Ok(())
}

pub(super) fn json<T: Serialize + ?Sized>(entries: &T) -> Result<String, StoreError> {
    serde_json::to_string(entries).map_err(|error| StoreError::Other(Box::new(error)))
}
