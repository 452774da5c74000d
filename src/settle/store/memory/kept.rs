//! What a memory store keeps, and how it takes all entries or none.

use std::collections::btree_map::Entry::Occupied;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::time::SystemTime;

use crate::calendar::Day;
use crate::generation::GenerationId;
use crate::settle::store::micros::{micros_of, to_the_micro};
use crate::settle::store::sums::{Cell, Groups};
use crate::settle::store::{
    Credit, CreditQuery, Document, Entry, HoldRow, Row, RowQuery, Spend, SpendQuery, StoreError,
};
use crate::telemetry;

/// The time of a row, then its name: the order in which rows are told.
type Place = (i64, String);

#[derive(Debug)]
pub(super) struct Kept {
    capacity: usize,
    rows: BTreeMap<Place, Row>,
    places: HashMap<GenerationId, Place>,
    /// Those of all users, and those that tell them apart.
    sums: [BTreeMap<Cell, Spend>; 2],
    holds: HashMap<GenerationId, HoldRow>,
    credits: BTreeMap<String, Credit>,
    documents: BTreeMap<(&'static str, String), Document>,
}

/// How is it undone?
enum Undo {
    Row(GenerationId, Option<Box<Row>>),
    Hold(GenerationId, Option<HoldRow>),
    Credit(String),
    Document((&'static str, String), Option<Document>),
}

/// How many days are told of.
const DAYS: i32 = 400;
/// How many credits, and how many documents there may be.
const MOST: usize = 100_000;

// === impl Kept ===

impl Kept {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            rows: BTreeMap::new(),
            places: HashMap::new(),
            sums: Default::default(),
            holds: HashMap::new(),
            credits: BTreeMap::new(),
            documents: BTreeMap::new(),
        }
    }

    pub(super) fn commit(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut undo = Vec::new();
        for entry in entries {
            if let Err(error) = self.take(entry, &mut undo) {
                undo.into_iter().rev().for_each(|undo| self.undo(undo));
                return Err(error);
            }
        }
        let mut counted = HashSet::new();
        for undo in undo {
            if let Undo::Row(id, before) = undo
                && counted.insert(id)
            {
                self.count(&id, before.as_deref());
            }
        }
        self.make_place();
        Ok(())
    }

    fn take(&mut self, entry: &Entry, undo: &mut Vec<Undo>) -> Result<(), StoreError> {
        match entry {
            Entry::Hold(hold) => {
                let created = to_the_micro(hold.created);
                let hold = HoldRow {
                    created,
                    ..hold.clone()
                };
                match self.holds.get(&hold.id) {
                    // The row has been written since.
                    _ if self.places.contains_key(&hold.id) => Ok(()),
                    Some(known) => same(known, &hold, &hold.id),
                    None => {
                        undo.push(Undo::Hold(hold.id, None));
                        self.holds.insert(hold.id, hold);
                        Ok(())
                    }
                }
            }
            Entry::Row(row) => {
                let created = to_the_micro(row.created);
                let row = Row {
                    created,
                    ..(**row).clone()
                };
                let known = self.places.get(&row.id).map(|place| &self.rows[place]);
                if let Some(known) = known.filter(|known| !row.supersedes(known)) {
                    return same(known, &row, &row.id);
                }
                self.release(&row.id, undo);
                undo.push(Undo::Row(row.id, self.remove(&row.id).map(Box::new)));
                self.insert(row);
                Ok(())
            }
            Entry::Released(id) => {
                self.release(id, undo);
                Ok(())
            }
            Entry::Drawn(_) => Ok(()),
            Entry::Credit(credit) => {
                let created = to_the_micro(credit.created);
                let credit = Credit {
                    created,
                    ..credit.clone()
                };
                if let Some(known) = self.credits.get(&credit.id) {
                    return same(known, &credit, &credit.id);
                }
                room(self.credits.len())?;
                undo.push(Undo::Credit(credit.id.clone()));
                self.credits.insert(credit.id.clone(), credit);
                Ok(())
            }
            Entry::Document(document) => {
                let name = (document.kind, document.id.clone());
                let known = self.documents.get(&name);
                let version = known.map_or(0, |known| known.version);
                if known == Some(document) {
                    return Ok(());
                }
                if version.checked_add(1) != Some(document.version) {
                    return Err(StoreError::Conflict(document.id.clone()));
                }
                if known.is_none() {
                    room(self.documents.len())?;
                }
                let before = self.documents.insert(name.clone(), document.clone());
                undo.push(Undo::Document(name, before));
                Ok(())
            }
        }
    }

    fn release(&mut self, id: &GenerationId, undo: &mut Vec<Undo>) {
        if let Some(hold) = self.holds.remove(id) {
            undo.push(Undo::Hold(*id, Some(hold)));
        }
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Row(id, before) => {
                self.remove(&id);
                before.into_iter().for_each(|row| self.insert(*row));
            }
            Undo::Hold(id, before) => {
                self.holds.remove(&id);
                self.holds.extend(before.map(|hold| (id, hold)));
            }
            Undo::Credit(id) => {
                self.credits.remove(&id);
            }
            Undo::Document(name, before) => {
                self.documents.remove(&name);
                self.documents
                    .extend(before.map(|document| (name, document)));
            }
        }
    }

    fn insert(&mut self, row: Row) {
        let place = (micros_of(row.created), row.id.to_string());
        self.places.insert(row.id, place.clone());
        self.rows.insert(place, row);
    }

    fn remove(&mut self, id: &GenerationId) -> Option<Row> {
        let place = self.places.remove(id)?;
        self.rows.remove(&place)
    }

    /// It is there now, in the place of the one before.
    fn count(&mut self, id: &GenerationId, before: Option<&Row>) {
        let place = self.places.get(id);
        let Some(row) = place.and_then(|place| self.rows.get(place)) else {
            return;
        };
        let spend = Spend::of_row(row);
        for (sums, cell) in self.sums.iter_mut().zip(cells(row)) {
            sums.entry(cell).or_default().add(&spend);
        }
        let Some(before) = before else { return };
        let spend = Spend::of_row(before);
        for (sums, cell) in self.sums.iter_mut().zip(cells(before)) {
            if let Occupied(mut sum) = sums.entry(cell) {
                sum.get_mut().take_out(&spend);
                if sum.get().requests == 0 {
                    sum.remove();
                }
            }
        }
        telemetry::settled_late(row);
    }

    fn make_place(&mut self) {
        while self.rows.len() > self.capacity {
            if let Some((_, row)) = self.rows.pop_first() {
                self.places.remove(&row.id);
            }
        }
        for sums in &mut self.sums {
            let last = sums.last_key_value().map(|(cell, _)| cell.day);
            let first = last.map(|last| last.plus(-DAYS));
            while let Some(oldest) = sums.first_entry() {
                if Some(oldest.key().day) > first {
                    break;
                }
                oldest.remove();
            }
        }
    }

    pub(super) fn row(&self, id: &GenerationId) -> Option<Row> {
        self.rows.get(self.places.get(id)?).cloned()
    }

    pub(super) fn rows(&self, query: &RowQuery) -> Vec<Row> {
        let after = query.after.as_ref();
        let after = after.map(|(at, id)| (micros_of(*at), id.to_string()));
        let (from, to) = (micros_of(query.from), micros_of(query.to));
        let rows = self.rows.range((from, String::new())..);
        let rows = rows.take_while(|((at, _), _)| *at < to);
        let rows = rows.filter(|(place, row)| {
            after.as_ref().is_none_or(|after| *place > after)
                && query.account.as_ref().is_none_or(|it| *it == row.account)
                && (query.key.is_none() || query.key == row.key)
        });
        rows.map(|(_, row)| row.clone()).take(query.limit).collect()
    }

    pub(super) fn spend(&self, query: &SpendQuery) -> Vec<Spend> {
        let sums = &self.sums[usize::from(query.tells_users_apart())];
        let mut groups = Groups::default();
        for (cell, spend) in sums.iter().filter(|(cell, _)| cell.matches(query)) {
            groups.add(query, cell, spend);
        }
        groups.into_answer(query)
    }

    pub(super) fn holds_after(&self, after: Option<&GenerationId>, limit: usize) -> Vec<HoldRow> {
        let after = after.map(GenerationId::as_str);
        let holds = self.holds.values();
        let holds = holds.filter(|hold| after.is_none_or(|after| hold.id.as_str() > after));
        let mut holds: Vec<_> = holds.collect();
        holds.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        holds.into_iter().take(limit).cloned().collect()
    }

    pub(super) fn credits_after(&self, query: &CreditQuery) -> Vec<Credit> {
        let (days, account) = (query.from..query.to, query.account.as_ref());
        let start = query.after.clone().map_or(Unbounded, Excluded);
        let credits = self.credits.range((start, Unbounded)).map(|(_, it)| it);
        let credits = credits.filter(|credit| {
            account.is_none_or(|account| *account == credit.account)
                && days.contains(&Day::of(credit.created))
        });
        credits.take(query.limit).cloned().collect()
    }

    pub(super) fn documents_after(
        &self,
        kind: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<Document> {
        let start = match after {
            Some(after) => Excluded((kind, after.to_owned())),
            None => Included((kind, String::new())),
        };
        let documents = self.documents.range((start, Unbounded));
        let documents = documents.map(|(_, document)| document);
        let documents = documents.take_while(|document| document.kind == kind);
        let documents = documents.filter(|document| document.json.is_some());
        documents.take(limit).cloned().collect()
    }

    pub(super) fn prune(&mut self, before: SystemTime, most: usize) -> u64 {
        let before = micros_of(before);
        let mut gone = 0;
        while gone < most {
            match self.rows.first_entry() {
                Some(oldest) if oldest.key().0 < before => {
                    self.places.remove(&oldest.remove().id);
                }
                _ => break,
            }
            gone += 1;
        }
        gone as u64
    }
}

/// The sums that it is in.
fn cells(row: &Row) -> [Cell; 2] {
    let cell = Cell::of(row);
    [cell.clone().of_all_users(), cell]
}

/// The same again is nothing new, another one of its name is one too many.
fn same<T: PartialEq>(known: &T, new: &T, name: &impl ToString) -> Result<(), StoreError> {
    match known == new {
        true => Ok(()),
        false => Err(StoreError::Conflict(name.to_string())),
    }
}

fn room(taken: usize) -> Result<(), StoreError> {
    match taken < MOST {
        true => Ok(()),
        false => Err(StoreError::Full("100,000 are kept in memory".into())),
    }
}
