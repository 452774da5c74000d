//! With which key, and how often?

use std::num::NonZeroU32;
use std::sync::Arc;

use super::Secret;

/// One of a provider's keys.
///
/// ```
/// use std::num::NonZeroU32;
/// use switchtower::catalog::{Key, Pace, Provider, Secret};
///
/// let of_team = Key::new(Secret::bearer("sk-123")?).with_label("team");
/// let spare = Key::new(Secret::bearer("sk-456")?).with_pace(Pace {
///     requests: NonZeroU32::new(60),
///     ..Pace::default()
/// });
/// let provider = Provider::new("openai", "https://api.openai.com/v1".parse()?)
///     .with_keys(http::header::AUTHORIZATION, [of_team, spare]);
///
/// let labels: Vec<_> = provider.keys().iter().map(Key::label).collect();
/// assert_eq!(labels, ["team", "2"]);
/// assert!(!format!("{provider:?}").contains("sk-"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    label: Arc<str>,
    value: Secret,
    pub(super) pace: Option<Pace>,
}

/// How many requests and tokens a minute the operator allows. None: as many as there are.
///
/// Never more than these go out in any minute, and a tenth of them at once. See the example of [`Key`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Requests a minute.
    pub requests: Option<NonZeroU32>,
    /// Tokens a minute, of prompts and answers together.
    pub tokens: Option<NonZeroU32>,
}

// === impl Key ===

impl Key {
    /// A key that is known by its place among the others, counted from 1.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self {
            label: "".into(),
            value: secret,
            pace: None,
        }
    }

    /// The name by which it is told; never a part of the key.
    #[must_use]
    pub fn with_label(mut self, label: &str) -> Self {
        self.label = label.into();
        self
    }

    /// How often it may be used; by default as its provider says.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = Some(pace);
        self
    }

    /// The name by which it is told.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The same, to be kept.
    pub(crate) fn shared_label(&self) -> Arc<str> {
        self.label.clone()
    }

    /// What is sent.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.value
    }

    /// How often it may be used, where that differs from its provider's.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        self.pace
    }
}
