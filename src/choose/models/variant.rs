//! What do the suffixes of a model's name mean?

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
    /// What the suffixes of a name ask for. Of several that order, the last holds.
    pub(super) fn of(name: &str) -> Self {
        let suffixes = name.split(':').skip(1);
        Self {
            order: suffixes.filter_map(Dynamic::named).last(),
        }
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

// === impl Dynamic ===

impl Dynamic {
    fn named(suffix: &str) -> Option<Self> {
        match suffix {
            "nitro" => Some(Self::Nitro),
            "floor" => Some(Self::Floor),
            "exacto" => Some(Self::Exacto),
            _ => None,
        }
    }
}
