//! Rows with named columns, as JSON or as CSV.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::{BoxError, Error};
use crate::kind::Kind;
use crate::money::Total;

/// As what is a table told?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `{"data": […]}`, an object a row.
    Json,
    /// Comma-separated values of RFC 4180, with a line of names.
    Csv,
}

/// Rows with named columns.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// What stands in a place of a table?
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// A text, or nothing.
    Text(Option<String>),
    /// A whole number, or nothing.
    Number(Option<u64>),
    /// Dollars, digit for digit, or nothing where they are not known.
    Money(Option<Total>),
    /// Yes or no.
    Flag(bool),
}

struct Named<'a>(&'a [&'static str], &'a [Cell]);

// === impl Table ===

impl Table {
    pub(super) fn tell(&self, form: Form) -> Result<String, Error> {
        match form {
            Form::Json => self.json(),
            Form::Csv => self.csv(),
        }
    }

    fn json(&self) -> Result<String, Error> {
        let rows = self.rows.iter().map(|row| Named(&self.columns, row));
        let rows: Vec<_> = rows.collect();
        let rows = serde_json::to_string(&rows).map_err(untold)?;
        Ok(format!("{{\"data\":{rows}}}"))
    }

    fn csv(&self) -> Result<String, Error> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(&self.columns).map_err(untold)?;
        for row in &self.rows {
            csv.write_record(row.iter().map(Cell::plain))
                .map_err(untold)?;
        }
        let bytes = csv
            .into_inner()
            .map_err(|error| untold(error.into_error()))?;
        String::from_utf8(bytes).map_err(untold)
    }
}

fn untold(source: impl Into<BoxError>) -> Error {
    Error::new(Kind::Internal, "the table cannot be told").with_source(source)
}

// === impl Cell ===

impl Cell {
    /// As it stands in a file.
    fn plain(&self) -> String {
        match self {
            // A spreadsheet would take it for a formula, and it may be a caller's own word.
            Self::Text(Some(text)) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
                format!("'{text}")
            }
            Self::Text(text) => text.clone().unwrap_or_default(),
            Self::Number(number) => number.map(|number| number.to_string()).unwrap_or_default(),
            Self::Money(money) => money.map(|money| money.to_string()).unwrap_or_default(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
            Self::Money(money) => money.serialize(serializer),
            Self::Flag(flag) => flag.serialize(serializer),
        }
    }
}

// === impl Named ===

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(columns, row) = self;
        let mut map = serializer.serialize_map(Some(columns.len()))?;
        for (name, cell) in columns.iter().zip(*row) {
            map.serialize_entry(name, cell)?;
        }
        map.end()
    }
}
