//! What does the caller expect of an answer?

use super::layer::MeterLayer;
use crate::wire::View;

/// What the request says about its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// A stream? None where the answer may have either form.
    pub(super) stream: Option<bool>,
    /// The event that carries the usage?
    pub(super) usage: bool,
    /// How many choices?
    pub(super) choices: u32,
}

// === impl Expected ===

impl Expected {
    pub(super) fn of(view: &View, settings: MeterLayer) -> Self {
        Self {
            stream: settings.same_form.then(|| view.stream()),
            usage: settings.always_usage || view.wants_usage(),
            choices: view.choices(),
        }
    }
}
