//! A part of a long list.

use std::fmt::Write;
use std::ops::Range;

/// From which row, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) offset: usize,
    pub(super) limit: usize,
}

// === impl Page ===

impl Page {
    /// OpenRouter's maximum.
    pub(super) const LONGEST: usize = 1000;

    /// The rows that are on it, of so many.
    pub(super) fn of(self, rows: usize) -> Range<usize> {
        let from = self.offset.min(rows);
        from..from.saturating_add(self.limit).min(rows)
    }

    /// Where the next one is, if there is one: the same path and query, from another row on. `pairs` is what the query
    /// says, however that is escaped.
    pub(super) fn next(
        self,
        (path, query): (&str, &str),
        pairs: &[(String, String)],
        rows: usize,
    ) -> Option<String> {
        let Range { end, .. } = self.of(rows);
        if end == rows {
            return None;
        }
        let mut next = format!("{path}?");
        let escaped = query.split('&').filter(|pair| !pair.is_empty());
        let others = escaped
            .zip(pairs)
            .filter(|(_, (name, _))| !matches!(&**name, "offset" | "limit"));
        others.for_each(|(pair, _)| {
            next.push_str(pair);
            next.push('&');
        });
        let _ = write!(next, "offset={end}&limit={}", self.limit);
        Some(next)
    }
}

impl Default for Page {
    fn default() -> Self {
        // OpenRouter's.
        Self {
            offset: 0,
            limit: 500,
        }
    }
}
