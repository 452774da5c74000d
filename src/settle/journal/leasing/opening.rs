//! What was spent of counters by whomever, by the books.

use std::collections::HashMap;

use crate::caller::KeyId;
use crate::limits::{Counted, Limits, Now, Scope, Share};
use crate::settle::replay::{Whose, used};
use crate::settle::store::{Store, StoreError};

/// A counter that is to begin: by what it is known, when, and what was counted of it here until then.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    pub(super) share: Share,
    pub(super) now: Now,
    pub(super) counted: Counted,
}

/// Of so few accounts each is looked for by itself; of more, all that there are in the window are read at once.
const FEW: usize = 4;

/// What was spent of each when it was counted here: by the books, and by those whose rows are still to be written.
pub(super) fn read(
    store: &dyn Store,
    limits: &Limits,
    all: &[Opening],
) -> Result<Vec<u64>, StoreError> {
    // What is written meanwhile would be missing in both, or be in both.
    let _turn = limits.books_turn();
    let mut sums = by_books(store, all)?;
    for (sum, opening) in sums.iter_mut().zip(all) {
        let counted = opening.share.counted(opening.now);
        // What was charged since is told with the next ask.
        let since = counted.used.saturating_sub(opening.counted.used);
        let unwritten = opening.share.unwritten(limits, opening.now);
        *sum = sum.saturating_add(unwritten).saturating_sub(since);
    }
    Ok(sums)
}

/// By the books. Those of one rule are read together.
fn by_books(store: &dyn Store, all: &[Opening]) -> Result<Vec<u64>, StoreError> {
    let mut sums = vec![0_u64; all.len()];
    let mut rules = HashMap::<_, Vec<usize>>::new();
    for (place, opening) in all.iter().enumerate() {
        let rule = opening.share.rule();
        let kind = (rule.scope(), rule.window(), rule.identity().to_vec());
        rules.entry(kind).or_default().push(place);
    }
    for ((scope, ..), places) in rules {
        let few = scope == Scope::Account && places.len() <= FEW;
        let size = if few { 1 } else { places.len() };
        for some in places.chunks(size) {
            read_some(store, all, some, &mut sums)?;
        }
    }
    Ok(sums)
}

fn read_some(
    store: &dyn Store,
    all: &[Opening],
    places: &[usize],
    sums: &mut [u64],
) -> Result<(), StoreError> {
    let Some(first) = places.first().map(|place| &all[*place]) else {
        return Ok(());
    };
    let rule = first.share.rule();
    let of = |place: &usize| all[*place].share.whose();
    let keys: Option<Vec<KeyId>> = places.iter().map(|place| of(place).1).collect();
    let (account, _) = match places {
        [one] => of(one),
        _ => (None, None),
    };
    let whose = Whose {
        account: account.as_deref(),
        keys: keys.as_deref(),
    };
    let mut by_value = HashMap::<&[u8], Vec<usize>>::new();
    for place in places {
        let value = all[*place].share.value();
        by_value.entry(value).or_default().push(*place);
    }
    used(store, &rule, whose, first.now, |subject, amount, _| {
        for value in rule.scope().values(subject) {
            for place in by_value.get(&*value).into_iter().flatten() {
                if all[*place].share.counts(subject) {
                    sums[*place] = sums[*place].saturating_add(amount);
                }
            }
        }
    })
}
