//! How patient the store is.

use std::time::Duration;

/// How patient a [`PostgresStore`](super::PostgresStore) is, and how many connections it has. See the [module docs](super).
///
/// ```
/// use std::time::Duration;
/// use switchtower::settle::store::PostgresSettings;
///
/// let settings = PostgresSettings::default().patience(Duration::from_secs(2)).readers(2);
/// assert_ne!(settings, PostgresSettings::default());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresSettings {
    pub(super) patience: Duration,
    pub(super) pause: Duration,
    pub(super) readers: usize,
}

// === impl PostgresSettings ===

impl PostgresSettings {
    /// How long one call may take, with connecting, and with waiting for a connection. At least 10 ms; 5 s unless told.
    ///
    /// The database is told to give up before, so that what is given up here is not under way there.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience.clamp(Duration::from_millis(10), Duration::from_secs(3600));
        self
    }

    /// How long nobody tries to connect once that has failed: doubled each time, up to sixteen times as long. 250 ms
    /// unless told.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause.min(Duration::from_secs(3600));
        self
    }

    /// At most so many connections to read by, 1 to 64, beside the one to write by; 4 unless told.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.clamp(1, 64);
        self
    }
}

impl Default for PostgresSettings {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(5),
            pause: Duration::from_millis(250),
            readers: 4,
        }
    }
}
