//! A TOML value that knows its field path.

use std::num::NonZeroU64;

use toml::de::{DeTable, DeValue};

use crate::catalog::field::{Field, Segment};
use crate::catalog::{BuildError, Problem};

pub(super) struct Table<'a> {
    pub(super) field: Field,
    entries: &'a DeTable<'a>,
}

pub(super) struct Node<'a> {
    pub(super) field: Field,
    pub(super) value: &'a DeValue<'a>,
}

// === impl Table ===

impl<'a> Table<'a> {
    pub(super) fn root(entries: &'a DeTable<'a>) -> Self {
        Table {
            field: Field::default(),
            entries,
        }
    }

    /// Refuses every key that is not `known`.
    pub(super) fn only(&self, known: &'static [&'static str]) -> Result<(), BuildError> {
        match self.in_order().find(|(key, _)| !known.contains(key)) {
            Some((_, node)) => Err(node.is(Problem::UnknownKey { expected: known })),
            None => Ok(()),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.entries.get(key)?.get_ref();
        Some(Node {
            field: self.field.key(key),
            value,
        })
    }

    /// A boolean that is false where it is not there.
    pub(super) fn is(&self, key: &str) -> Result<bool, BuildError> {
        self.get(key).map_or(Ok(false), |node| node.boolean())
    }

    pub(super) fn need(&self, key: &str) -> Result<Node<'a>, BuildError> {
        self.get(key)
            .ok_or_else(|| BuildError::new(self.field.key(key), Problem::Missing))
    }

    /// The entries in the order of the file, which the parser's map does not keep.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries.into_iter().map(|(key, value)| {
            let (key, value) = (key.get_ref().as_ref(), value.get_ref());
            (
                key,
                Node {
                    field: self.field.key(key),
                    value,
                },
            )
        })
    }
}

// === impl Node ===

impl<'a> Node<'a> {
    pub(super) fn is(&self, problem: Problem) -> BuildError {
        BuildError::new(self.field.clone(), problem)
    }

    pub(super) fn table(self) -> Result<Table<'a>, BuildError> {
        match self.value {
            DeValue::Table(entries) => Ok(Table {
                field: self.field,
                entries,
            }),
            _ => Err(self.is_not("a table")),
        }
    }

    pub(super) fn items(self) -> Result<impl Iterator<Item = Node<'a>>, BuildError> {
        let DeValue::Array(items) = self.value else {
            return Err(self.is_not("an array"));
        };
        Ok(items.iter().enumerate().map(move |(index, value)| Node {
            field: self.field.item(index),
            value: value.get_ref(),
        }))
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self.value, DeValue::Array(items) if items.is_empty())
    }

    pub(super) fn string(&self) -> Result<&'a str, BuildError> {
        match self.value {
            DeValue::String(text) => Ok(text),
            _ => Err(self.is_not("a string")),
        }
    }

    pub(super) fn boolean(&self) -> Result<bool, BuildError> {
        match self.value {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.is_not("a boolean")),
        }
    }

    /// One of the words that `named` knows, which are these.
    pub(super) fn one_of<T>(
        &self,
        named: impl FnOnce(&str) -> Option<T>,
        expected: impl IntoIterator<Item = &'static str>,
    ) -> Result<T, BuildError> {
        let text = self.string()?;
        named(text).ok_or_else(|| {
            self.is(Problem::NotOneOf {
                text: text.into(),
                expected: expected.into_iter().collect(),
            })
        })
    }

    /// `"allow"` or `"deny"`.
    pub(super) fn allows(&self) -> Result<bool, BuildError> {
        let named = |word: &str| match word {
            "allow" => Some(true),
            "deny" => Some(false),
            _ => None,
        };
        self.one_of(named, ["allow", "deny"])
    }

    /// A date, with or without quotes. Whether there is such a day is seen later.
    pub(super) fn date(&self) -> Result<Box<str>, BuildError> {
        match self.value {
            DeValue::Datetime(date) => Ok(date.to_string().into()),
            DeValue::String(text) => Ok(text.as_ref().into()),
            _ => Err(self.is_not("a date")),
        }
    }

    pub(super) fn positive(&self) -> Result<NonZeroU64, BuildError> {
        let DeValue::Integer(integer) = self.value else {
            return Err(self.is_not("a whole number"));
        };
        u64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .and_then(NonZeroU64::new)
            .ok_or_else(|| {
                self.is(Problem::NotPositive {
                    text: integer.to_string().into(),
                })
            })
    }

    /// Likewise, or zero.
    pub(super) fn positive_or_zero(&self) -> Result<u64, BuildError> {
        let is_zero = matches!(self.value, DeValue::Integer(integer) if integer.as_str() == "0");
        if is_zero {
            Ok(0)
        } else {
            Ok(self.positive()?.get())
        }
    }

    pub(super) fn is_not(&self, expected: &'static str) -> BuildError {
        let found = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        self.is(Problem::WrongType { expected, found })
    }
}

/// The byte at which `field` stands or, if it does not, what would hold it.
pub(super) fn offset(root: &DeTable<'_>, field: &Field, want_key: bool) -> usize {
    let mut offset = 0;
    let mut value: Option<&DeValue<'_>> = None;
    for segment in field.segments() {
        let next = match (segment, value) {
            (Segment::Key(key), None) => root.get_key_value(&**key),
            (Segment::Key(key), Some(DeValue::Table(table))) => table.get_key_value(&**key),
            (Segment::Item(index), Some(DeValue::Array(items))) => {
                let Some(item) = items.get(*index) else { break };
                offset = item.span().start;
                value = Some(item.get_ref());
                continue;
            }
            _ => break,
        };
        let Some((key, found)) = next else { break };
        let at_key = want_key || matches!(found.get_ref(), DeValue::Table(_) | DeValue::Array(_));
        offset = if at_key {
            key.span().start
        } else {
            found.span().start
        };
        value = Some(found.get_ref());
    }
    offset
}
