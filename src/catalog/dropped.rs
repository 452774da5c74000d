//! What a catalogue left out for want of keys.

use std::fmt;

/// What was left out, and why?
///
/// Only [`Catalog::from_toml_available`](super::Catalog::from_toml_available) leaves anything out.
///
/// ```
/// use switchtower::catalog::Dropped;
///
/// let dropped = Dropped::Provider { slug: "groq".into(), variable: "GROQ_API_KEY".into() };
/// assert_eq!(dropped.to_string(), "provider groq: GROQ_API_KEY is not set");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// A provider whose key is not in the environment.
    Provider {
        /// Its slug.
        slug: Box<str>,
        /// The environment variable that is unset or empty.
        variable: Box<str>,
    },
    /// An endpoint of such a provider, of a model that has others.
    Endpoint {
        /// Its [`key`](super::Endpoint::key).
        key: Box<str>,
    },
    /// A model that only such providers serve, with its aliases.
    Model {
        /// Its id.
        id: Box<str>,
    },
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dropped::Provider { slug, variable } => {
                write!(f, "provider {slug}: {variable} is not set")
            }
            Dropped::Endpoint { key } => write!(f, "endpoint {key}: its provider has no key"),
            Dropped::Model { id } => write!(f, "model {id}: no provider of it has a key"),
        }
    }
}
