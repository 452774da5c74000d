//! What do the suffixes of a model's name mean?

use std::borrow::Cow;

use crate::wire::{Sort, Tier};

/// What a name asks for beyond its model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::choose) struct Effects {
    order: Option<Dynamic>,
}

/// Which suffix, of those that any model may have, and that change the order only?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dynamic {
    Nitro,
    Floor,
    Exacto,
}

/// Those that change what a model is: each makes a name of its own in the catalogue.
pub(in crate::choose) const STATIC: [&str; 4] = ["batch", "extended", "free", "thinking"];

// === impl Effects ===

impl Effects {
    /// Takes a name apart: what is left is a name of the catalogue, static variants and all, since those stand in
    /// the catalogue as they are asked for. Of several suffixes that order, the last holds.
    pub(super) fn split(name: &str) -> (Cow<'_, str>, Self) {
        let (mut rest, mut effects) = (name, Self::default());
        while let Some((before, suffix)) = rest.rsplit_once(':')
            && effects.take(suffix)
        {
            rest = before;
        }
        let mut parts = rest.split(':');
        let base = parts.next().unwrap_or_default();
        if !parts.clone().any(is_dynamic) {
            return (rest.into(), effects);
        }
        let mut entry = String::from(base);
        for suffix in parts.clone().rev() {
            effects.take(suffix);
        }
        for suffix in parts.filter(|suffix| !is_dynamic(suffix)) {
            entry.push(':');
            entry.push_str(suffix);
        }
        (entry.into(), effects)
    }

    /// Is this a suffix of any model? The last one is taken first, and holds.
    fn take(&mut self, suffix: &str) -> bool {
        let dynamic = match suffix {
            "nitro" => Dynamic::Nitro,
            "floor" => Dynamic::Floor,
            "exacto" => Dynamic::Exacto,
            _ => return suffix == "online",
        };
        self.order.get_or_insert(dynamic);
        true
    }

    /// The order that it asks for.
    pub(in crate::choose) fn sort(self) -> Option<Sort> {
        self.order.map(|order| match order {
            Dynamic::Nitro => Sort::Throughput,
            Dynamic::Floor => Sort::Price,
            Dynamic::Exacto => Sort::Exacto,
        })
    }

    /// The tier whose endpoints it lets in.
    pub(in crate::choose) fn tier(self) -> Option<Tier> {
        match self.order? {
            Dynamic::Nitro => Some(Tier::Priority),
            Dynamic::Floor => Some(Tier::Flex),
            Dynamic::Exacto => None,
        }
    }
}

fn is_dynamic(suffix: &str) -> bool {
    Effects::default().take(suffix)
}
