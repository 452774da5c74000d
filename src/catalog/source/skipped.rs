//! Why a row or a price was left out.

use std::fmt;

/// Why was a row of a source not taken?
///
/// ```
/// use switchtower::catalog::Skipped;
///
/// assert_eq!(Skipped::Provider.to_string(), "of providers that are not configured");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Skipped {
    /// It is of a provider that the catalogue does not have.
    Provider,
    /// What it prices is neither chat, nor completion, nor embedding.
    Mode,
    /// It tells of a class of models, such as all up to some size, or how rows are written.
    Template,
    /// It is of a region, for which there is no base URL.
    Region,
    /// It is said to be gone.
    Retired,
    /// Its names cannot be those of a model.
    Name,
    /// The source has the same model at the same provider before.
    Duplicate,
    /// Its name is an alias that the operator gave to something else.
    Shadowed,
    /// It has no provider, and nothing else says who serves the model.
    Unserved,
    /// No source says what the provider calls the model.
    Unnamed,
    /// It is not what a row is in that format.
    Malformed,
    /// There are more rows than are taken.
    Bound,
}

/// Why is a price of a row that was taken not in its price list?
///
/// What is not on the list is unknown, which is not free.
///
/// ```
/// use switchtower::catalog::Gap;
///
/// assert_eq!(Gap::Batch.to_string(), "of batches, which are not served");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Gap {
    /// Neither prompt nor completion has a price.
    Missing,
    /// It is for a unit that has no [`Rate`](crate::catalog::Rate): a second, a page, a character.
    Unit,
    /// It is the price of batches.
    Batch,
    /// It is that of a service tier that is not asked for.
    Tier,
    /// It holds under conditions that an [`Override`](crate::catalog::Override) does not have.
    Condition,
    /// It depends on what is asked, as those of routers do.
    Varies,
    /// It is not a number, or too large or too small to be held.
    Unreadable,
    /// The list has as many overrides as it may.
    Bound,
}

// === impl Skipped ===

impl Skipped {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Provider,
        Self::Mode,
        Self::Template,
        Self::Region,
        Self::Retired,
        Self::Name,
        Self::Duplicate,
        Self::Shadowed,
        Self::Unserved,
        Self::Unnamed,
        Self::Malformed,
        Self::Bound,
    ];
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provider => "of providers that are not configured",
            Self::Mode => "neither chat nor embedding",
            Self::Template => "of no single model",
            Self::Region => "of one region",
            Self::Retired => "retired",
            Self::Name => "with names that no model can have",
            Self::Duplicate => "listed before",
            Self::Shadowed => "hidden by an alias",
            Self::Unserved => "that no provider serves",
            Self::Unnamed => "whose name at the provider is not known",
            Self::Malformed => "malformed",
            Self::Bound => "beyond the bound",
        })
    }
}

// === impl Gap ===

impl Gap {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::Unit,
        Self::Batch,
        Self::Tier,
        Self::Condition,
        Self::Varies,
        Self::Unreadable,
        Self::Bound,
    ];
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "not listed at all",
            Self::Unit => "for units that are not counted",
            Self::Batch => "of batches, which are not served",
            Self::Tier => "of tiers that are not asked for",
            Self::Condition => "under conditions that are not known",
            Self::Varies => "that vary with the request",
            Self::Unreadable => "unreadable",
            Self::Bound => "beyond the bound",
        })
    }
}
