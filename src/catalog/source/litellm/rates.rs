//! From the prices of a row to the price lists of its tiers.

use std::collections::BTreeSet;

use super::dimension::{Dimension, Meaning, meaning};
use super::{tiered, windows};
use crate::Price;
use crate::catalog::source::sheet::{Draft, costs};
use crate::catalog::source::value::{Per, Value};
use crate::catalog::{Gap, Override, Prices, Rate};
use crate::wire::Tier;

/// The price lists of a row.
#[derive(Debug, Default)]
pub(super) struct Rates {
    pub(super) standard: Draft,
    /// Those of the tiers that the row has prices of.
    pub(super) tiers: Vec<(Tier, Prices)>,
}

/// Everything that the row lists, in no order.
#[derive(Debug, Default)]
struct Listed {
    prices: Vec<(Dimension, Price)>,
    gaps: Vec<(Box<str>, Gap)>,
    /// Does it cost something by a unit that is not counted?
    uncounted: bool,
}

/// Some ten times as many as any row has: each is compared with those before.
const MAX_PRICES: usize = 512;

/// xAI counts a prompt of exactly so many tokens as a long one, as LiteLLM does for it.
const INCLUSIVE: &str = "xai";

pub(super) fn rates(provider: &str, row: Value<'_>) -> Rates {
    let mut listed = Listed::default();
    let (mut table, mut off_peak) = (None, None);
    for (name, value) in row.members() {
        match &*name {
            _ if value.is_null() => {}
            "tiered_pricing" => table = Some(value),
            "off_peak_pricing" => off_peak = Some(value),
            "search_context_cost_per_query" => listed.search(value),
            name => listed.add(name, value),
        }
    }

    let inclusive = provider == INCLUSIVE;
    let mut rates = Rates::default();
    for tier in [Tier::Priority, Tier::Flex] {
        if listed.prices.iter().any(|(of, _)| of.tier == Some(tier)) {
            let mut draft = listed.draft(Some(tier), inclusive);
            draft.settle();
            rates.standard.gaps.append(&mut draft.gaps);
            rates.tiers.push((tier, draft.prices));
        }
    }
    let mut standard = listed.draft(None, inclusive);
    if let Some(table) = table {
        tiered::apply(table, &mut standard);
    }
    if let Some(off_peak) = off_peak {
        windows::apply(off_peak, &mut standard);
    }
    standard.finish();
    rates.standard.prices = standard.prices;
    rates.standard.gaps.append(&mut standard.gaps);
    rates.standard.gaps.append(&mut listed.gaps);
    rates
}

// === impl Listed ===

impl Listed {
    fn add(&mut self, name: &str, value: Value<'_>) {
        let gap = match meaning(name) {
            Meaning::Nothing => return,
            Meaning::Gap(why) => {
                self.uncounted |= why == Gap::Unit && costs(value);
                why
            }
            Meaning::Price(dimension) => match value.price(Per::One) {
                Ok(price) => return self.price(name, dimension, price),
                Err(why) => why,
            },
        };
        self.gaps.push((name.into(), gap));
    }

    fn price(&mut self, name: &str, dimension: Dimension, price: Price) {
        let full = self.prices.len() == MAX_PRICES;
        let before = self.prices.iter_mut().find(|(of, _)| *of == dimension);
        match before {
            // Two names of one price: the plain one counts.
            Some((_, before)) if !name.ends_with("_cache_hit") => *before = price,
            Some(_) => {}
            None if full => self.gaps.push((name.into(), Gap::Bound)),
            None => self.prices.push((dimension, price)),
        }
    }

    /// A search has one price only if that does not depend on how much it reads.
    fn search(&mut self, sizes: Value<'_>) {
        let prices: Vec<_> = sizes
            .members()
            .into_iter()
            .map(|(_, value)| value.price(Per::One))
            .collect();
        let gap = match prices.first() {
            Some(Ok(price)) if prices.iter().all(|other| *other == Ok(*price)) => {
                let dimension = Dimension {
                    rate: Rate::WebSearch,
                    tier: None,
                    above: None,
                };
                return self.prices.push((dimension, *price));
            }
            Some(Ok(_)) => Gap::Varies,
            _ => Gap::Unreadable,
        };
        self.gaps
            .push(("search_context_cost_per_query".into(), gap));
    }

    /// What a tier does not list is as everybody pays it, above a threshold as below.
    fn draft(&self, tier: Option<Tier>, inclusive: bool) -> Draft {
        let mut draft = Draft {
            uncounted: self.uncounted,
            ..Draft::default()
        };
        for rate in Rate::ALL {
            if let Some(price) = self.pick(rate, tier, None) {
                draft.prices = std::mem::take(&mut draft.prices).with(rate, price);
            }
        }
        let of_tier = self.prices.iter().map(|(of, _)| of);
        let thresholds: BTreeSet<u64> = of_tier
            .filter(|of| of.tier.is_none() || of.tier == tier)
            .filter_map(|of| of.above)
            .collect();
        for tokens in thresholds {
            let mut long = Override::new().above(tokens - u64::from(inclusive && tokens > 0));
            for rate in Rate::ALL {
                if let Some(price) = self.pick(rate, tier, Some(tokens)) {
                    long = long.with(rate, price);
                }
            }
            draft.with_override("_above_tokens", long);
        }
        draft
    }

    fn pick(&self, rate: Rate, tier: Option<Tier>, above: Option<u64>) -> Option<Price> {
        let find = |tier| {
            let wanted = Dimension { rate, tier, above };
            let found = self.prices.iter().find(|(of, _)| *of == wanted);
            found.map(|(_, price)| *price)
        };
        find(tier).or_else(|| find(None))
    }
}
