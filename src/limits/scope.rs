//! For whom does a rule count?

use std::ops::Deref;

use super::subject::Subject;
use crate::caller::{Caller, KeyId};

/// For whom does a [`Rule`](super::Rule) count? For each one by itself, unless it is [for one alone](super::Rule::of).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The account that pays; [`Caller::ACCOUNT`] where nobody has asked for a key.
    Account,
    /// The key that was brought. A request without a key is not counted.
    Key,
    /// A model that may be asked, by its id, whatever the caller calls it; where that is not known, the name that the caller gave
    /// it. A request without a name is not counted. A rule of a catalogue may call it by an alias.
    Model,
    /// A provider that may be asked. Only for money and concurrency: who will be asked is not known before.
    Provider,
    /// The end user that the caller names, by account. A request that names none is not counted.
    User,
    /// The caller's word for what it is about, by account. A request without one is not counted.
    Tag,
}

/// By what one is counted.
pub(crate) enum Value<'a> {
    Key(KeyId),
    Name(&'a str),
    Within(Vec<u8>),
}

/// Names that are longer are cut: those with the same beginning are counted together.
const LONGEST: usize = 256;

// === impl Scope ===

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Account,
        Self::Key,
        Self::Model,
        Self::Provider,
        Self::User,
        Self::Tag,
    ];

    /// Its name in settings and refusals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Key => "key",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::User => "user",
            Self::Tag => "tag",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// By which each one is counted that this request is of. Of several models or providers each.
    pub(crate) fn values<'a>(self, subject: &Subject<'a>) -> impl Iterator<Item = Value<'a>> {
        let account = subject.caller.map_or(Caller::ACCOUNT, Caller::account_name);
        let of_account = |name: &str| Value::Within(within(account, name));
        let one = match self {
            Self::Account => Some(Value::Name(account)),
            Self::Key => subject.caller.map(|caller| Value::Key(caller.key())),
            Self::Model if subject.models.is_empty() => subject.model.map(Value::Name),
            Self::Model | Self::Provider => None,
            Self::User => subject.user.map(of_account),
            Self::Tag => subject.tag.map(of_account),
        };
        let several = match self {
            Self::Model => subject.models,
            Self::Provider => subject.providers,
            _ => &[],
        };
        let first = |place: usize, name: &&str| !several[..place].contains(name);
        let several = several.iter().enumerate();
        let several = several.filter(move |(place, name)| first(*place, name));
        one.into_iter()
            .chain(several.map(|(_, name)| Value::Name(name)))
    }

    /// The account of a user or a tag, by what it is counted.
    pub(super) fn account_of(value: &[u8]) -> &[u8] {
        // A name of an account that has a zero in it is cut there: it shares with others.
        value.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    /// By which this one is counted, as it is written in settings: the name of a key has 64 hexadecimal digits. Users and
    /// tags are written after their account and a slash.
    pub(super) fn value(self, text: &str) -> Option<Box<[u8]>> {
        Some(match self {
            Self::Key => text.parse::<KeyId>().ok()?.as_bytes()[..].into(),
            Self::Account | Self::Model | Self::Provider => cut(text.as_bytes()).into(),
            Self::User | Self::Tag => {
                let (account, name) = text.split_once('/')?;
                within(account, name).into()
            }
        })
    }
}

// === impl Value ===

impl Deref for Value<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Key(key) => key.as_bytes(),
            Self::Name(name) => cut(name.as_bytes()),
            Self::Within(value) => value,
        }
    }
}

fn within(account: &str, name: &str) -> Vec<u8> {
    [cut(account.as_bytes()), b"\0", cut(name.as_bytes())].concat()
}

fn cut(name: &[u8]) -> &[u8] {
    &name[..name.len().min(LONGEST)]
}
