//! What is asked of the bill.

use super::table::Form;
use crate::calendar::Day;
use crate::error::Error;
use crate::gateway::input::wrong;
use crate::gateway::query::Query;
use crate::settle::store::Dimension;

/// The longest range that is told at once, in days.
const LONGEST: i32 = 366;

// === impl Query ===

impl Query {
    pub(super) fn day(&self, name: &str) -> Result<Option<Day>, Error> {
        let day = |value: &str| value.parse().map_err(|_| wrong(name, "is not YYYY-MM-DD"));
        self.get(name)?.map(day).transpose()
    }

    /// The days from `from` up to `to`, both within; without them, the last thirty up to today.
    pub(super) fn days(&self, today: Day) -> Result<(Day, Day), Error> {
        let last = self.day("to")?.unwrap_or(today);
        let first = self.day("from")?.unwrap_or(last.plus(-29));
        let days = last.number() - first.number() + 1;
        match days {
            ..=0 => Err(wrong("from", "is after `to`")),
            1..=LONGEST => Ok((first, last.plus(1))),
            _ => Err(wrong("from", "is more than 366 days before `to`")),
        }
    }

    /// By what sums are split: a list with commas.
    pub(super) fn by(&self, usual: &[Dimension]) -> Result<Vec<Dimension>, Error> {
        let Some(value) = self.get("by")? else {
            return Ok(usual.to_vec());
        };
        let mut by = Vec::new();
        for name in value.split(',').map(str::trim) {
            let named = Dimension::ALL.into_iter().find(|it| it.as_str() == name);
            let named = named.ok_or_else(|| {
                let names = Dimension::ALL.map(Dimension::as_str).join(", ");
                wrong("by", &format!("takes {names}, with a comma between them"))
            })?;
            if by.contains(&named) {
                return Err(wrong("by", "names one twice"));
            }
            by.push(named);
        }
        Ok(by)
    }

    pub(super) fn form(&self) -> Result<Form, Error> {
        match self.get("format")? {
            None | Some("json") => Ok(Form::Json),
            Some("csv") => Ok(Form::Csv),
            Some(_) => Err(wrong("format", "is neither `json` nor `csv`")),
        }
    }
}
