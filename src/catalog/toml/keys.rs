//! `key_env`, `keys`, and how often they may be used.

use std::num::NonZeroU32;

use super::document::{Keyless, Reader};
use super::node::{Node, Table};
use crate::catalog::{BuildError, Key, Pace, Problem, Secret};

/// What does a provider's table say of keys?
pub(super) enum Keys {
    /// Nothing: none is sent.
    Unneeded,
    Found(Vec<Key>),
    /// None of them is in the environment. The first was sought in this variable.
    Absent(Box<str>),
}

// === impl Reader ===

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    pub(super) fn keys(&self, table: &Table<'_>, bearer: bool) -> Result<Keys, BuildError> {
        let (one, several) = (table.get("key_env"), table.get("keys"));
        let keys = match (one, several) {
            (None, None) => return Ok(Keys::Unneeded),
            (Some(_), Some(several)) => return Err(several.is(Problem::Both { other: "key_env" })),
            (Some(node), None) => {
                let name = node.string()?;
                vec![(name, self.secret(&node, name, bearer)?.map(Key::new))]
            }
            (None, Some(several)) => {
                if several.is_empty() {
                    return Err(several.is(Problem::Missing));
                }
                let keys = several.items()?;
                keys.map(|node| self.one_of_several(node, bearer))
                    .collect::<Result<_, _>>()?
            }
        };
        let first = keys.first().map_or("", |(name, _)| name).into();
        let found: Vec<_> = keys.into_iter().filter_map(|(_, key)| key).collect();
        Ok(match found.is_empty() {
            true => Keys::Absent(first),
            false => Keys::Found(found),
        })
    }

    /// `"$NAME"`, or a table with a label or a pace of its own.
    fn one_of_several<'a>(
        &self,
        node: Node<'a>,
        bearer: bool,
    ) -> Result<(&'a str, Option<Key>), BuildError> {
        if let Ok(text) = node.string() {
            let name = text.strip_prefix('$');
            let name = name.ok_or_else(|| node.is(Problem::BadVariable))?;
            return Ok((name, self.secret(&node, name, bearer)?.map(Key::new)));
        }
        let table = node.table()?;
        table.only(&["env", "name", "rpm", "tpm"])?;
        let env = table.need("env")?;
        let name = env.string()?;
        let label = table.get("name").map(|node| node.string()).transpose()?;
        let pace = pace(&table)?;
        let key = self.secret(&env, name, bearer)?.map(|secret| {
            let key = Key::new(secret);
            let key = label.into_iter().fold(key, Key::with_label);
            match pace == Pace::default() {
                true => key,
                false => key.with_pace(pace),
            }
        });
        Ok((name, key))
    }

    fn secret(
        &self,
        node: &Node<'_>,
        name: &str,
        bearer: bool,
    ) -> Result<Option<Secret>, BuildError> {
        // A key pasted here by mistake is not upper case, and so is not printed.
        let is_name = name
            .bytes()
            .all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
        if name.is_empty() || !is_name {
            return Err(node.is(Problem::BadVariable));
        }
        let found = (self.env)(name);
        let key = match found.as_deref().map(str::trim) {
            Some(key) if !key.is_empty() => key,
            _ if self.keyless == Keyless::Dropped => return Ok(None),
            Some(_) => return Err(node.is(Problem::EmptyVariable { name: name.into() })),
            None => return Err(node.is(Problem::UnsetVariable { name: name.into() })),
        };
        let secret = if bearer {
            Secret::bearer(key)
        } else {
            Secret::plain(key)
        };
        secret
            .map(Some)
            .map_err(|_| node.is(Problem::UnfitVariable { name: name.into() }))
    }
}

/// `rpm` and `tpm`.
pub(super) fn pace(table: &Table<'_>) -> Result<Pace, BuildError> {
    let a_minute = |key| {
        let Some(node) = table.get(key) else {
            return Ok(None);
        };
        let number = node.positive()?;
        let number = NonZeroU32::try_from(number).map_err(|_| {
            node.is(Problem::NotPositive {
                text: number.to_string().into(),
            })
        });
        number.map(Some)
    };
    Ok(Pace {
        requests: a_minute("rpm")?,
        tokens: a_minute("tpm")?,
    })
}
