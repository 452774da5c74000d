//! What does the caller expect of an answer?

use super::calls::Calls;
use super::layer::MeterLayer;
use crate::call::Call;
use crate::payload::Payload;

/// What the request says about its answer.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// A stream? None where the answer may have either form.
    pub(super) stream: Option<bool>,
    /// The event that carries the usage?
    pub(super) usage: bool,
    /// How many choices?
    pub(super) choices: u32,
    /// Calls of tools, of which there are some?
    pub(super) calls: Option<Box<Calls>>,
    /// Is what is read of it looked at again?
    pub(super) retold: bool,
}

// === impl Expected ===

impl Expected {
    pub(super) fn of(request: &Payload, call: &Call, settings: MeterLayer) -> Self {
        let view = request.view();
        Self {
            stream: settings.same_form.then(|| view.stream()),
            usage: settings.always_usage || view.wants_usage(),
            choices: view.choices(),
            calls: Calls::of(request),
            retold: call.is_retold(),
        }
    }
}
