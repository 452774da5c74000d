use super::json::{Cursor, Kind};
use super::{Invalid, shape};

/// What are endpoints ordered by?
///
/// See [`Preferences`](super::Preferences).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sort {
    /// The cheapest first.
    Price,
    /// The one that writes fastest first.
    Throughput,
    /// The one whose first token comes soonest first.
    Latency,
    /// The one whose calls of tools are most often valid first.
    Exacto,
}

/// Over what does an order range?
///
/// See [`Preferences`](super::Preferences).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partition {
    /// `"model"`: all endpoints of the first model come before those of the next.
    #[default]
    Model,
    /// `"none"`: over the endpoints of all models together.
    Together,
}

const FIELDS: [&str; 2] = ["provider.sort.by", "provider.sort.partition"];

// === impl Sort ===

impl Sort {
    /// Reads a name, an object of a name and a partition, or null.
    pub(super) fn read(
        cursor: &mut Cursor<'_>,
        field: &'static str,
    ) -> Result<(Option<Self>, Option<Partition>), Invalid> {
        if cursor.peek()? != Kind::Object {
            let expected = "\"price\", \"throughput\", \"latency\" or \"exacto\", an object that has one \
                            of them as `by`, or null";
            return Ok((shape::choice(cursor, field, expected, Self::named)?, None));
        }
        let (mut by, mut partition) = (None, None);
        shape::members(cursor, field, &FIELDS, |cursor, field| {
            if field == "provider.sort.by" {
                let expected = "\"price\", \"throughput\", \"latency\", \"exacto\" or null";
                by = shape::choice(cursor, field, expected, Self::named)?;
            } else {
                let expected = "\"model\", \"none\" or null";
                partition = shape::choice(cursor, field, expected, Partition::named)?;
            }
            Ok(())
        })?;
        Ok((by, partition))
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "price" => Some(Self::Price),
            "throughput" => Some(Self::Throughput),
            "latency" => Some(Self::Latency),
            "exacto" => Some(Self::Exacto),
            _ => None,
        }
    }
}

// === impl Partition ===

impl Partition {
    fn named(name: &str) -> Option<Self> {
        match name {
            "model" => Some(Self::Model),
            "none" => Some(Self::Together),
            _ => None,
        }
    }

    /// By what the deprecated `route` calls it.
    pub(super) fn of_route(route: &str) -> Option<Self> {
        match route {
            "fallback" => Some(Self::Model),
            "sort" => Some(Self::Together),
            _ => None,
        }
    }
}
