//! How many tokens have the parts of a prompt that are no text?

use super::asks::Asks;
use crate::catalog::Endpoint;
use crate::wire::Modality;

/// The tokens of a part of which nobody has said how many it takes: about those of an image of a megapixel ("Images and
/// vision" of OpenAI: 765 to 1,105 for a picture in detail; "Vision" of Anthropic: 1,334).
const USUAL_PART: u64 = 1_000;

/// The parts of a prompt that are no text, by how many there are of each form.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::settle) struct Parts {
    counts: [u32; Modality::ALL.len()],
    strange: bool,
}

// === impl Parts ===

impl Parts {
    pub(in crate::settle) fn of(asks: &Asks) -> Self {
        let mut counts = [0; Modality::ALL.len()];
        for (modality, count, _) in asks.parts {
            counts[modality as usize] = u32::try_from(count).unwrap_or(u32::MAX);
        }
        Self {
            counts,
            strange: asks.strange,
        }
    }

    /// As many as they take at this endpoint at the most, or usually where nobody knows.
    pub(in crate::settle) fn tokens(&self, endpoint: Option<&Endpoint>) -> u64 {
        let each = |modality| endpoint.and_then(|endpoint| endpoint.bounds().of(modality));
        let parts = Modality::ALL.into_iter().zip(self.counts);
        let tokens = parts.map(|(modality, count)| {
            let each = each(modality).unwrap_or(USUAL_PART);
            each.saturating_mul(count.into())
        });
        tokens.fold(u64::from(self.strange) * USUAL_PART, u64::saturating_add)
    }
}
