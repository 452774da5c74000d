//! The books against a provider's invoice.

use std::collections::BTreeMap;

use crate::money::{Money, Total};
use crate::settle::Certainty;
use crate::settle::store::Row;

/// What one side says that an answer cost, by the provider's id of it.
///
/// ```
/// use switchtower::settle::statements::{Billed, Difference, reconcile};
///
/// let billed = |id: &str, cost: &str| Billed::invoiced(id, cost.parse().unwrap());
/// let ours = [billed("a", "0.1"), billed("b", "0.2"), billed("c", "0.3")];
/// let theirs = [billed("a", "0.1"), billed("b", "0.25"), billed("d", "0.4")];
///
/// let found = reconcile(ours, theirs);
/// assert_eq!((found.ours.to_string(), found.theirs.to_string()), ("0.6".into(), "0.75".into()));
/// let ids: Vec<_> = found.differences.iter().map(Difference::id).collect();
/// assert_eq!(ids, ["b", "c", "d"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Billed {
    /// The provider's id of the answer.
    pub id: String,
    /// What it cost; none where that is not known.
    pub cost: Option<Money>,
    /// How sure is that?
    pub certainty: Certainty,
    /// The most that it may have cost; none if nobody knows.
    pub at_most: Option<Money>,
}

/// The books beside an invoice. See the example of [`Billed`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reconciliation {
    /// Answers that both know, at the same cost.
    pub agreed: u64,
    /// Where they differ, in the order of the ids.
    pub differences: Vec<Difference>,
    /// Likewise where the books have an estimate, or nothing but a bound, and the invoice keeps to it.
    pub estimates: Vec<Difference>,
    /// The sum of the books.
    pub ours: Total,
    /// The most that it may be in truth, but for [those](Self::no_bound) that nobody bounds.
    pub ours_at_most: Total,
    /// Answers of which the books do not know the most that they cost.
    pub no_bound: u64,
    /// The sum of the invoice.
    pub theirs: Total,
}

/// Where do the books and an invoice differ?
///
/// See the example of [`Billed`].
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// Another cost.
    Cost {
        /// In the books.
        ours: Billed,
        /// In the invoice.
        theirs: Billed,
    },
    /// The provider does not bill it.
    NotInvoiced(Billed),
    /// The books do not know it.
    NotInBooks(Billed),
}

/// Compares what the books say with an invoice, answer by answer.
///
/// An id that one side has several times counts with the sum.
pub fn reconcile(
    books: impl IntoIterator<Item = Billed>,
    invoice: impl IntoIterator<Item = Billed>,
) -> Reconciliation {
    let (ours, theirs): (Vec<_>, Vec<_>) =
        (books.into_iter().collect(), invoice.into_iter().collect());
    // Of all that is known, also where the same id has something that is not.
    let mut found = Reconciliation {
        ours: ours.iter().filter_map(|billed| billed.cost).sum(),
        ours_at_most: ours.iter().filter_map(|billed| billed.at_most).sum(),
        theirs: theirs.iter().filter_map(|billed| billed.cost).sum(),
        ..Reconciliation::default()
    };
    let (ours, mut theirs) = (by_id(ours), by_id(theirs));
    found.no_bound = ours.values().filter(|it| it.at_most.is_none()).count() as u64;
    for (id, ours) in ours {
        match theirs.remove(&id) {
            Some(theirs) if theirs.cost == ours.cost => found.agreed += 1,
            Some(theirs) => found.add(Difference::Cost { ours, theirs }),
            // It is in order that nothing is not billed.
            None if ours.cost == Some(Money::ZERO) => found.agreed += 1,
            None => found.add(Difference::NotInvoiced(ours)),
        }
    }
    let unknown = theirs.into_values().map(Difference::NotInBooks);
    found.differences.extend(unknown);
    found
        .differences
        .sort_by(|one, other| one.id().cmp(other.id()));
    found
}

fn by_id(billed: impl IntoIterator<Item = Billed>) -> BTreeMap<String, Billed> {
    let mut all = BTreeMap::<String, Billed>::new();
    for one in billed {
        match all.get_mut(&one.id) {
            Some(known) => {
                let sum = known.cost.zip(one.cost);
                known.cost = sum.map(|(known, one)| known.saturating_add(one));
                let most = known.at_most.zip(one.at_most);
                known.at_most = most.map(|(known, one)| known.saturating_add(one));
                known.certainty = match (known.certainty, one.certainty) {
                    (Certainty::Exact, sure) | (sure, Certainty::Exact) => sure,
                    (sure, same) if sure == same => sure,
                    _ => Certainty::Unknown,
                };
            }
            None => {
                all.insert(one.id.clone(), one);
            }
        }
    }
    all
}

// === impl Billed ===

impl Billed {
    /// What an invoice says.
    #[must_use]
    pub fn invoiced(id: impl Into<String>, cost: Money) -> Self {
        Self {
            id: id.into(),
            cost: Some(cost),
            certainty: Certainty::Exact,
            at_most: Some(cost),
        }
    }

    /// What the books say of the answers of this provider, by its display name, in a request; not of those for which it bills a
    /// caller, whose own key it was. One that never came to an id is called by the request's name and its place.
    pub fn of<'a>(row: &'a Row, provider: &'a str) -> impl Iterator<Item = Self> + 'a {
        let attempts = row.attempts.iter().enumerate();
        let theirs =
            attempts.filter(move |(_, it)| !it.byok && it.provider.as_deref() == Some(provider));
        theirs.map(|(at, attempt)| Self {
            id: match &attempt.upstream_id {
                Some(id) => id.clone(),
                None => format!("{}/{}", row.id.as_str(), at + 1),
            },
            cost: attempt.cost,
            certainty: attempt.certainty,
            at_most: attempt.at_most,
        })
    }

    /// Can it have cost this much in truth?
    fn allows(&self, cost: Money) -> bool {
        let bound = self.at_most.filter(|_| self.certainty != Certainty::Exact);
        bound.is_some_and(|most| (Money::ZERO..=most).contains(&cost))
    }
}

// === impl Reconciliation ===

impl Reconciliation {
    fn add(&mut self, difference: Difference) {
        let within = match &difference {
            Difference::Cost { ours, theirs } => theirs.cost.is_some_and(|it| ours.allows(it)),
            Difference::NotInvoiced(ours) => ours.allows(Money::ZERO),
            Difference::NotInBooks(_) => false,
        };
        match within {
            true => self.estimates.push(difference),
            false => self.differences.push(difference),
        }
    }
}

// === impl Difference ===

impl Difference {
    /// The id that it is about.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Cost { ours, .. } => &ours.id,
            Self::NotInvoiced(billed) | Self::NotInBooks(billed) => &billed.id,
        }
    }
}
