//! What stands behind the question mark.

use axum::extract::Query as Pairs;
use http::Uri;

use super::input::wrong;
use super::keys::WORKSPACE;
use crate::caller::KeyId;
use crate::error::Error;
use crate::kind::Kind;

/// A query string, each name at most once. Names that nobody asks for say nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

// === impl Query ===

impl Query {
    pub(super) fn read(uri: &Uri) -> Result<Self, Error> {
        let pairs = Pairs::try_from_uri(uri);
        let Pairs(pairs) = pairs.map_err(|_| Error::new(Kind::Invalid, "the query is none"))?;
        Ok(Self { pairs })
    }

    /// The value of this name; an empty one is none.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, Error> {
        let values = self.pairs.iter().filter(|(known, _)| known == name);
        let mut values = values.filter_map(|(_, value)| (!value.is_empty()).then_some(&**value));
        let value = values.next();
        match values.next() {
            Some(_) => Err(wrong(name, "is given twice")),
            None => Ok(value),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(self.get(name)?.map(str::to_owned))
    }

    pub(super) fn key(&self, name: &str) -> Result<Option<KeyId>, Error> {
        let key = |value: &str| {
            value
                .parse()
                .map_err(|_| wrong(name, "is not 64 hexadecimal digits in lower case"))
        };
        self.get(name)?.map(key).transpose()
    }

    pub(super) fn limit(&self, usual: usize, most: usize) -> Result<usize, Error> {
        let Some(value) = self.get("limit")? else {
            return Ok(usual);
        };
        let limit = value
            .parse()
            .ok()
            .filter(|limit| (1..=most).contains(limit));
        limit.ok_or_else(|| wrong("limit", &format!("is not within 1 and {most}")))
    }

    /// So many are left out.
    pub(super) fn offset(&self) -> Result<usize, Error> {
        let Some(value) = self.get("offset")? else {
            return Ok(0);
        };
        let offset = value.parse();
        offset.map_err(|_| wrong("offset", "is not a whole number, or too large"))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.get(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(wrong(name, "is neither `true` nor `false`")),
        }
    }

    /// Only the one workspace can be meant.
    pub(super) fn workspace(&self) -> Result<(), Error> {
        match self.get("workspace_id")? {
            Some(id) if id != WORKSPACE => Err(wrong("workspace_id", "names no workspace")),
            _ => Ok(()),
        }
    }
}
