//! Whom a count is of, in an event.

use std::borrow::Cow;

use super::counter::Crossed;
use super::scope::Scope;
use super::shared::Shared;
use crate::caller::KeyId;
use crate::telemetry;

/// All that have no count of their own.
const REST: &str = "(the rest)";
/// What is so long without a break may be a key: those of Azure, which begin with nothing, have 32 letters and digits.
const SECRET: usize = 32;

// === impl Shared ===

impl Shared {
    /// Tells that a threshold was crossed here, if one was.
    pub(super) fn tell(&self, crossed: Option<&Crossed>) {
        if let Some(Crossed { percent, level }) = crossed {
            let whose = whose(level.rule.scope(), &self.value);
            telemetry::near_limit(level, &whose, *percent);
        }
    }
}

/// As it is written in settings: a user or a tag after its account and a slash, a key by its hash. Callers choose names of
/// users, tags and models, and may take a key for one: of what looks like that only the ends are told.
fn whose(scope: Scope, value: &[u8]) -> String {
    match (scope, value.try_into().map(KeyId::from_bytes)) {
        _ if value.is_empty() => REST.to_owned(),
        (Scope::Key, Ok(key)) => key.to_string(),
        (Scope::User | Scope::Tag, _) => {
            let account = Scope::account_of(value);
            let rest = value.get(account.len() + 1..).unwrap_or_default();
            let account = String::from_utf8_lossy(account);
            format!("{account}/{}", redacted(&String::from_utf8_lossy(rest)))
        }
        (Scope::Model, _) => redacted(&String::from_utf8_lossy(value)).into_owned(),
        (Scope::Account | Scope::Provider | Scope::Key, _) => {
            String::from_utf8_lossy(value).into_owned()
        }
    }
}

fn redacted(name: &str) -> Cow<'_, str> {
    let runs = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_key = name.split_whitespace().any(|word| word.starts_with("sk-"))
        || runs.into_iter().any(|run| run.len() >= SECRET);
    let letters = name.chars().count();
    match is_key {
        false => name.into(),
        true if letters < SECRET => "...".into(),
        // Six letters of 32 leave more than can be guessed.
        true => {
            let (first, last) = (name.chars().take(3), name.chars().skip(letters - 3));
            let ends = first.chain("...".chars()).chain(last);
            ends.collect::<String>().into()
        }
    }
}
