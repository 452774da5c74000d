//! What was meant by a name that does not exist: by its words, whatever the way in which they are compared.

use proptest::prelude::*;
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};

proptest! {
    #[test]
    fn a_name_is_near_if_a_third_of_it_may_be_wrong(known in "[abé]{1,70}", wanted in "[abé]{0,70}") {
        let catalog = catalog([&*known]);
        let found = !catalog.nearest(&wanted).is_empty();
        // Both are compared by their first 64 letters.
        let (known, wanted): (Vec<_>, Vec<_>) =
            (known.chars().take(64).collect(), wanted.chars().take(64).collect());
        let (short, long) = if known.len() <= wanted.len() { (known, wanted) } else { (wanted, known) };
        let holds = short.len() >= 3 && long.windows(short.len()).any(|part| part == short);
        // With no slash, what follows it is the whole.
        prop_assert_eq!(found, holds || edits(&short, &long) <= short.len() / 3);
    }

    #[test]
    fn the_nearest_comes_first(one in "[ab]{4,20}", other in "[ab]{4,20}", wanted in "[ab]{4,20}") {
        prop_assume!(one != other);
        let catalog = catalog([&*one, &*other]);
        if let [first, second] = catalog.nearest(&wanted)[..] {
            let far = |name: &str| {
                let (name, wanted): (Vec<_>, Vec<_>) = (name.chars().collect(), wanted.chars().collect());
                let (short, long) = if name.len() <= wanted.len() { (name, wanted) } else { (wanted, name) };
                match long.windows(short.len()).any(|part| part == short) {
                    true => (long.len() - short.len()).div_ceil(8),
                    false => edits(&short, &long),
                }
            };
            prop_assert!(far(first) <= far(second));
        }
    }
}

fn catalog<const N: usize>(ids: [&str; N]) -> Catalog {
    let url = "https://acme.test".parse().unwrap();
    let builder = Catalog::builder().provider(Provider::new("acme", url));
    let models = ids.map(|id| ModelSpec::new(id).endpoint(EndpointSpec::new("acme", "m")));
    let builder = models
        .into_iter()
        .fold(builder, |all, model| all.model(model));
    builder.build().unwrap()
}

/// The Levenshtein distance, as the textbook has it.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = match (i, j) {
                (0, far) | (far, 0) => far,
                _ => (table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]))
                    .min(table[i - 1][j] + 1)
                    .min(table[i][j - 1] + 1),
            };
        }
    }
    table[a.len()][b.len()]
}
