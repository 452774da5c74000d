//! What so many tokens cost at the most, whatever class they turn out to be of.

use crate::catalog::{Prices, Rate};
use crate::money::{Femto, Price};
use crate::settle::cost::{READ, dearest};
use crate::wire::{Modalities, Modality};

/// The most that is moved.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Most {
    pub(super) text: u64,
    pub(super) image: u64,
    /// Of other parts: sound, films, documents.
    pub(super) other: u64,
    pub(super) output: u64,
    pub(super) images: u64,
    pub(super) searches: u64,
}

const HEARD: [Rate; 2] = [Rate::Audio, Rate::AudioCacheRead];

// === impl Most ===

impl Most {
    /// All that is read.
    pub(super) fn prompt(&self) -> u64 {
        self.text
            .saturating_add(self.image)
            .saturating_add(self.other)
    }

    /// What it costs, where the answer comes in one of these forms; none if a price is not known.
    pub(super) fn cost(&self, prices: &Prices, forms: Modalities) -> Option<Femto> {
        let base = prices;
        let prices = prices.dearest(self.prompt());
        let dearest = |price, rates: &[Rate]| dearest(&prices, price, rates);
        // What only an override knows is not known at all hours.
        let text = || dearest(base.prompt().and(prices.prompt()), &READ);
        let image = || dearest(text(), &[Rate::Image]);
        let other = || dearest(image(), &HEARD);
        let output = || {
            let written = base.completion().and(prices.completion());
            let may = |form| forms.is_empty() || forms.contains(form);
            let mut output = dearest(written, &[Rate::Reasoning]);
            if may(Modality::Image) {
                output = dearest(output, &[Rate::ImageOutput]);
            }
            if may(Modality::Audio) {
                output = dearest(output, &[Rate::AudioOutput]);
            }
            output
        };
        Some(
            base.request().and(prices.request())?.times(1)
                + times(self.text, text)?
                + times(self.image, image)?
                + times(self.other, other)?
                + times(self.output, output)?
                + times(self.images, || prices.image_unit())?
                + times(self.searches, || prices.web_search())?,
        )
    }
}

/// What nobody uses needs no price.
fn times(units: u64, price: impl Fn() -> Option<Price>) -> Option<Femto> {
    match units {
        0 => Some(Femto::ZERO),
        units => price().map(|price| price.times(units)),
    }
}
