//! A place for rows.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::credit::Credit;
use super::document::Document;
use super::entry::{Entry, HoldRow};
use super::names::Owned;
use super::row::Row;
use super::spend::{Spend, SpendQuery};
use crate::calendar::Day;
use crate::caller::KeyId;
use crate::error::BoxError;
use crate::generation::GenerationId;
use crate::settle::lease::Lessor;

/// A place for what outlives a request. Its methods block.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Takes this name among those that write here, until what it returns is dropped. There is one owner at a time, in
    /// whichever process: he settles what an earlier one has left, so that two would settle what the other is on. It ends
    /// with the process, however that ends. Where it may be lost earlier, such as with a connection, nothing more is held under
    /// it ([`Taken`](StoreError::Taken)) while somebody else has it; rows are written all the same.
    ///
    /// # Errors
    ///
    /// [`Taken`](StoreError::Taken), and others.
    fn own(&self, replica: &str) -> Result<Owned, StoreError>;

    /// Writes all of these, or none, in one transaction, and returns when they are as safe as it promises.
    ///
    /// What is there under the name of an entry stays, with one exception: a row that says what has become of a request takes,
    /// once, the place of one that is [abandoned](Row::ABANDONED), in all sums as well, since whoever took it for that was too
    /// early. That is the event `settled late`.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and then nothing of it is written: try again, or tell.
    fn commit(&self, entries: &[Entry]) -> Result<(), StoreError>;

    /// The row of this request.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as for all of the following.
    fn row(&self, id: &GenerationId) -> Result<Option<Row>, StoreError>;

    /// Rows, oldest first; for exports, and to count what limits remember.
    fn rows(&self, query: &RowQuery) -> Result<Vec<Row>, StoreError>;

    /// Sums of rows. With or without many rows, it takes no longer than the sums are many.
    fn spend(&self, query: &SpendQuery) -> Result<Vec<Spend>, StoreError>;

    /// What is under way, or was when its process ended: after this one, in the order of names, and at most so many.
    fn holds_after(
        &self,
        after: Option<&GenerationId>,
        limit: usize,
    ) -> Result<Vec<HoldRow>, StoreError>;

    /// What was given, in the order of names.
    fn credits_after(&self, query: &CreditQuery) -> Result<Vec<Credit>, StoreError>;

    /// The newest of documents of this kind that are not deleted: after the one of this name, in the order of names, and at
    /// most so many.
    fn documents_after(
        &self,
        kind: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError>;

    /// Forgets rows of requests that came before this time, at most so many, and returns how many: with fewer, none is left.
    /// Their sums stay, and so do credits, documents and holds. A row that is repeated afterwards is a new one, so this is for
    /// a time when nobody repeats it.
    fn prune(&self, before: SystemTime, most: usize) -> Result<u64, StoreError>;

    /// Who keeps the counters that several replicas share, if it is here.
    fn lessor(self: Arc<Self>) -> Option<Arc<dyn Lessor>> {
        None
    }

    /// All that is under way, by [pages](Self::holds_after); oldest first.
    fn holds(&self) -> Result<Vec<HoldRow>, StoreError> {
        let mut all = Vec::<HoldRow>::new();
        pages(|| {
            let page = self.holds_after(all.last().map(|hold| &hold.id), PAGE)?;
            let more = page.len() == PAGE;
            all.extend(page);
            Ok(more)
        })?;
        all.sort_by(|a, b| (a.created, a.id.as_str()).cmp(&(b.created, b.id.as_str())));
        Ok(all)
    }

    /// Each that this account, or any, was given in these days, the first day and the one after the last, by
    /// [pages](Self::credits_after), in the order of names.
    fn each_credit(
        &self,
        account: Option<&str>,
        (from, to): (Day, Day),
        with: &mut dyn FnMut(Credit),
    ) -> Result<(), StoreError> {
        let mut query = CreditQuery {
            account: account.map(str::to_owned),
            from,
            to,
            after: None,
            limit: PAGE,
        };
        pages(|| {
            let page = self.credits_after(&query)?;
            let more = page.len() == PAGE;
            query.after = page.last().map(|credit| credit.id.clone());
            page.into_iter().for_each(&mut *with);
            Ok(more)
        })
    }

    /// All of them, oldest first.
    fn credits(
        &self,
        account: Option<&str>,
        from: Day,
        to: Day,
    ) -> Result<Vec<Credit>, StoreError> {
        let mut all = Vec::new();
        self.each_credit(account, (from, to), &mut |credit| all.push(credit))?;
        all.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(all)
    }

    /// All documents of this kind that are not deleted, by [pages](Self::documents_after), in the order of names.
    fn documents(&self, kind: &'static str) -> Result<Vec<Document>, StoreError> {
        let mut all = Vec::<Document>::new();
        pages(|| {
            let page = self.documents_after(kind, all.last().map(|it| &*it.id), PAGE)?;
            let more = page.len() == PAGE;
            all.extend(page);
            Ok(more)
        })?;
        Ok(all)
    }
}

/// Which credits?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditQuery {
    /// Only of this account.
    pub account: Option<String>,
    /// Of this day or later.
    pub from: Day,
    /// Of a day before this one.
    pub to: Day,
    /// Only after the one of this name.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Which rows?
#[derive(Clone, Debug, PartialEq)]
pub struct RowQuery {
    /// That came at this time or later.
    pub from: SystemTime,
    /// That came before this time.
    pub to: SystemTime,
    /// Only of this account.
    pub account: Option<String>,
    /// Only of this key.
    pub key: Option<KeyId>,
    /// Only after this one, in the order of time and, where that is the same, of names.
    pub after: Option<(SystemTime, GenerationId)>,
    /// At most so many.
    pub limit: usize,
}

/// Why can a store not do what it was asked?
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached just now, or is busy: try again.
    Away(BoxError),
    /// There is no room left.
    Full(BoxError),
    /// What it holds is damaged, and where.
    Corrupt(String),
    /// Another entry of this name is there already, or another version of a document.
    Conflict(String),
    /// Somebody else writes here, or under this name, and what can be done about it.
    Taken(String),
    /// The lease on this counter does not cover what is drawn from it.
    Lapsed(String),
    /// These counters, or leases on them, are locked by somebody else for longer than is worth waiting: it is there, and the
    /// others can be had.
    Busy(Vec<String>),
    /// It was written by a newer version of this crate, with this number of its schema.
    Newer(u32),
    /// Something else.
    Other(BoxError),
}

/// So many are read at once.
const PAGE: usize = 1000;

/// Reads until there is no more.
fn pages(mut read: impl FnMut() -> Result<bool, StoreError>) -> Result<(), StoreError> {
    while read()? {}
    Ok(())
}

// === impl StoreError ===

impl StoreError {
    /// The same once more, for another who asks: of its source the words.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Away(source) => Self::Away(source.to_string().into()),
            Self::Full(source) => Self::Full(source.to_string().into()),
            Self::Corrupt(place) => Self::Corrupt(place.clone()),
            Self::Conflict(name) => Self::Conflict(name.clone()),
            Self::Taken(why) => Self::Taken(why.clone()),
            Self::Lapsed(counter) => Self::Lapsed(counter.clone()),
            Self::Busy(counters) => Self::Busy(counters.clone()),
            Self::Newer(schema) => Self::Newer(*schema),
            Self::Other(source) => Self::Other(source.to_string().into()),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(source) => write!(f, "the store cannot be reached: {source}"),
            Self::Full(source) => write!(f, "the store has no room left: {source}"),
            Self::Corrupt(place) => write!(f, "the store is damaged: {place}"),
            Self::Conflict(name) => write!(f, "the store holds something else as {name}"),
            Self::Taken(why) => write!(f, "the store is taken: {why}"),
            Self::Lapsed(counter) => write!(f, "the lease on {counter} was taken back"),
            Self::Busy(counters) => write!(f, "somebody has locked {}", counters.join(" and ")),
            Self::Newer(schema) => write!(
                f,
                "the store was written by a newer version, with schema {schema}"
            ),
            Self::Other(source) => write!(f, "the store failed: {source}"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Away(source) | Self::Full(source) | Self::Other(source) => Some(&**source),
            Self::Corrupt(_)
            | Self::Conflict(_)
            | Self::Taken(_)
            | Self::Lapsed(_)
            | Self::Busy(_)
            | Self::Newer(_) => None,
        }
    }
}
