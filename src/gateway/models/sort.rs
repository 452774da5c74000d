//! In which order models are listed.

use std::cmp::Reverse;
use std::time::Instant;

use super::shelf::Row;
use crate::standing::{Lineup, Percentile};

/// What comes first? Without it the order is the catalogue's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Newest,
    Cheapest,
    Dearest,
    LongestContext,
    /// By the median of the fastest endpoint.
    Throughput,
    /// By the median of the quickest endpoint.
    Latency,
}

/// OpenRouter's, for which nobody here counts tokens a week, nor has benchmarks.
const UNSERVED: [&str; 6] = [
    "most-popular",
    "top-weekly",
    "intelligence-high-to-low",
    "coding-high-to-low",
    "agentic-high-to-low",
    "design-arena-elo-high-to-low",
];

// === impl Sort ===

impl Sort {
    const ALL: [(&'static str, Self); 6] = [
        ("newest", Self::Newest),
        ("pricing-low-to-high", Self::Cheapest),
        ("pricing-high-to-low", Self::Dearest),
        ("context-high-to-low", Self::LongestContext),
        ("throughput-high-to-low", Self::Throughput),
        ("latency-low-to-high", Self::Latency),
    ];

    /// The one that OpenRouter calls so, or why there is none.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        if UNSERVED.contains(&name) {
            return Err(format!("`{name}` is known but not served yet"));
        }
        let found = Self::ALL.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, sort)| sort).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("is none of {}", names.join(", "))
        })
    }

    /// Rows of which nothing is known come last, alike ones in the order of the catalogue.
    pub(super) fn apply(self, rows: &mut [&Row], lineup: &Lineup, now: Instant) {
        let model = |row: &Row| &lineup.catalog().models()[row.model];
        match self {
            Self::Newest => last(rows, |row| model(row).created().map(Reverse)),
            Self::Cheapest => last(rows, |row| row.summary.price()),
            Self::Dearest => last(rows, |row| row.summary.price().map(Reverse)),
            Self::LongestContext => last(rows, |row| row.summary.context_length.map(Reverse)),
            Self::Throughput => last(rows, |row| {
                let all = model(row).endpoints().iter().map(|e| lineup.standing(e));
                all.filter_map(|standing| standing.throughput(Percentile::P50, now))
                    .max()
                    .map(Reverse)
            }),
            Self::Latency => last(rows, |row| {
                let all = model(row).endpoints().iter().map(|e| lineup.standing(e));
                all.filter_map(|standing| standing.first_token(Percentile::P50, now))
                    .min()
            }),
        }
    }
}

/// The keys are looked at once: a standing may change meanwhile.
fn last<K: Ord>(rows: &mut [&Row], key: impl Fn(&Row) -> Option<K>) {
    rows.sort_by_cached_key(|row| {
        let key = key(row);
        (key.is_none(), key)
    });
}
