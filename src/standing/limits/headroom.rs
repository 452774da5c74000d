//! What is left, as it is told.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// What may still be asked of an endpoint with one key, as its provider has announced it and less what was begun since. None where
/// nothing was announced, or what was is over.
///
/// [`KeyView`](crate::standing::KeyView) has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Headroom {
    /// Requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Left>,
    /// Tokens of prompts and answers together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Left>,
    /// Tokens of prompts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Left>,
    /// Tokens of answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Left>,
}

/// What is left of one limit. A part of [`Headroom`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// So much more.
    pub left: u64,
    /// Of so much, if that was told.
    pub limit: Option<u64>,
    /// After which time it is more again; in JSON in seconds, rounded up.
    #[serde(serialize_with = "seconds")]
    pub resets_in: Duration,
}

// === impl Headroom ===

impl Headroom {
    /// The share that is left of the limit that is nearest, in hundredths; a hundred where none is known.
    #[must_use]
    pub fn percent(&self) -> u64 {
        let all = [self.requests, self.tokens, self.input, self.output];
        let shares = all.into_iter().flatten().filter_map(|left| {
            let limit = left.limit?;
            Some(left.left.saturating_mul(100) / limit.max(1))
        });
        shares.min().unwrap_or(100).min(100)
    }
}

fn seconds<S: Serializer>(wait: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}
