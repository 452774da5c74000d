//! What a plan is made for.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::caller::Caller;
use crate::payload::Payload;
use crate::standing::Sticky;
use crate::tenant::Tenant;

/// One request to be planned, and everything that decides beside the catalogue: time and chance among them.
///
/// ```
/// use std::time::{Instant, SystemTime};
/// use switchtower::{Payload, choose::Ask};
///
/// let payload = Payload::read(r#"{"model": "acme/swift"}"#)?;
/// let ask = Ask::new(&payload, 7, Instant::now()).wall(SystemTime::now()).session(b"chat-1");
/// # Ok::<_, switchtower::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub(super) payload: &'a Payload,
    pub(super) seed: u64,
    pub(super) now: Instant,
    pub(super) wall: SystemTime,
    pub(super) tenant: Option<Tenant>,
    pub(super) caller: Option<&'a Caller>,
    pub(super) session: Option<&'a [u8]>,
    pub(super) sticky: Option<&'a Arc<Sticky>>,
}

// === impl Ask ===

impl<'a> Ask<'a> {
    /// This request, drawn for with this seed, by what is known now.
    pub fn new(payload: &'a Payload, seed: u64, now: Instant) -> Self {
        Self {
            payload,
            seed,
            now,
            wall: UNIX_EPOCH,
            tenant: None,
            caller: None,
            session: None,
            sticky: None,
        }
    }

    /// By the wall clock, for prices that depend on the hour; by default 1970 began.
    #[must_use]
    pub fn wall(mut self, wall: SystemTime) -> Self {
        self.wall = wall;
        self
    }

    /// Whose request it is: conversations of different tenants have nothing in common.
    #[must_use]
    pub fn tenant(mut self, tenant: Option<Tenant>) -> Self {
        self.tenant = tenant;
        self
    }

    /// Who asks: the models and providers that its key may not ask are left out, and it is the tenant.
    #[must_use]
    pub fn caller(mut self, caller: &'a Caller) -> Self {
        self.caller = Some(caller);
        self.tenant(Some(caller.tenant()))
    }

    /// What the header `x-session-id` says.
    #[must_use]
    pub fn session(mut self, session: &'a [u8]) -> Self {
        self.session = Some(session);
        self
    }

    /// Where it is remembered who has answered a conversation; without it nothing is.
    #[must_use]
    pub fn sticky(mut self, sticky: &'a Arc<Sticky>) -> Self {
        self.sticky = Some(sticky);
        self
    }
}
