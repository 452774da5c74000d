//! A catalogue file that is looked at again and again.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Changes, Held};
use crate::catalog::load::Place;
use crate::catalog::toml::Keyless;
use crate::catalog::{Catalog, LoadError, Problem};

/// Reads a catalogue anew when its file changes, or one of its sources, and keeps the last good one until then.
///
/// It has no thread and no clock. Who drives it calls [`check`](Self::check) every second or so, off the threads that
/// serve, and puts what comes of it in force.
///
/// A change is read once it has been the same for two seconds, so that a file that is being written is left alone. What
/// cannot be read, is no catalogue, or is [`Held`] is told once, and nothing changes until the files do; but for what the
/// system refuses to read, which is tried again each time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use switchtower::catalog::Reloader;
///
/// let dir = std::env::temp_dir().join(format!("switchtower-doc-{}", std::process::id()));
/// std::fs::create_dir_all(&dir)?;
/// let file = dir.join("switchtower.toml");
/// let toml = |price: &str| format!(r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
///     prices = {{ prompt = "{price}" }}
/// "#);
/// std::fs::write(&file, toml("1.00"))?;
///
/// let now = SystemTime::UNIX_EPOCH;
/// let mut reloader = Reloader::open(&file, now)?;
/// assert!(reloader.check(now).is_none());
///
/// std::fs::write(&file, toml("10.25"))?;
/// assert!(reloader.check(now).is_none(), "it may still be written");
/// let error = reloader.check(now + Duration::from_secs(2)).unwrap().unwrap_err();
/// assert!(error.to_string().starts_with("a price jumps: swift@acme: prompt 0.000001 to 0.00001025"));
///
/// std::fs::write(&file, toml("1.5"))?;
/// assert!(reloader.check(now).is_none());
/// let (catalog, changes) = reloader.check(now + Duration::from_secs(2)).unwrap()?;
/// assert_eq!(changes.prices(), 1);
/// assert_eq!(catalog.revision(), reloader.catalog().revision());
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reloader {
    place: Place,
    settling: Duration,
    last: Arc<Catalog>,
    /// When one of its prices begins to hold.
    until: Option<SystemTime>,
    /// The files that it came of, as they were when they were read last, be it in vain.
    seen: Vec<Seen>,
    /// How they were found to have changed, and when.
    changed: Option<(Vec<Seen>, SystemTime)>,
    /// Why they could not be read: no stamp tells that they can be now.
    unread: Option<String>,
}

/// A file as the file system tells of it; no stamp if there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    path: PathBuf,
    stamp: Option<(Option<SystemTime>, u64, u64)>,
}

/// Why does the last catalogue stay?
///
/// See [`Reloader`] for an example.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReloadError {
    /// The files cannot be used.
    Invalid(LoadError),
    /// They can, but change too much.
    Held(Held),
}

// === impl Reloader ===

impl Reloader {
    /// Loads the catalogue at `path`, as [`Catalog::load`] does, with the prices of that day.
    ///
    /// # Errors
    ///
    /// As for [`Catalog::load`].
    pub fn open(path: impl AsRef<Path>, now: SystemTime) -> Result<Self, LoadError> {
        Self::at(Place::new(path.as_ref(), Keyless::Refused), now)
    }

    /// The same, but serves what the environment has keys for, as [`Catalog::load_available`] does.
    ///
    /// # Errors
    ///
    /// As for [`Catalog::load_available`].
    pub fn open_available(path: impl AsRef<Path>, now: SystemTime) -> Result<Self, LoadError> {
        Self::at(Place::new(path.as_ref(), Keyless::Dropped), now)
    }

    fn at(place: Place, now: SystemTime) -> Result<Self, LoadError> {
        let mut seen = Vec::new();
        let (catalog, _) = place.read(now, &mut |path| seen.push(Seen::now(path)))?;
        Ok(Self {
            place,
            settling: Duration::from_secs(2),
            until: catalog.until,
            last: Arc::new(catalog),
            seen,
            changed: None,
            unread: None,
        })
    }

    /// For how long the files must have been the same before they are read; by default two seconds, which is how
    /// coarse the times of a file system are.
    #[must_use]
    pub fn with_settling(mut self, settling: Duration) -> Self {
        self.settling = settling;
        self
    }

    /// The last good catalogue.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.last
    }

    /// Looks at the files, which may block: the next catalogue and what is different in it, why there is none, or
    /// nothing if they are as they were.
    ///
    /// # Errors
    ///
    /// If there is no catalogue in them, or one that changes too much; then the last one stays.
    pub fn check(
        &mut self,
        now: SystemTime,
    ) -> Option<Result<(Arc<Catalog>, Changes), ReloadError>> {
        let found: Vec<_> = self.seen.iter().map(Seen::again).collect();
        let due = self.until.is_some_and(|until| until <= now);
        if found == self.seen && !due && self.unread.is_none() {
            self.changed = None;
            return None;
        }
        if found != self.seen && !self.has_settled(&found, now) {
            return None;
        }
        let mut seen = Vec::new();
        let read = self.place.read(now, &mut |path| seen.push(Seen::now(path)));
        if seen.iter().any(|file| file.again() != *file) {
            // One was changed while it was read: whatever this is, it never was all of it.
            return None;
        }
        (self.seen, self.changed) = (seen, None);
        let (catalog, wanted) = match read {
            Ok(read) => read,
            Err(error) => {
                let told = self.unread.take();
                if let Problem::Read(_) = error.kind() {
                    self.unread = Some(error.to_string());
                } else {
                    self.until = None;
                }
                let is_new = told.is_none() || told != self.unread;
                return is_new.then_some(Err(ReloadError::Invalid(error)));
            }
        };
        self.unread = None;
        // Whatever becomes of it: these files say so.
        self.until = catalog.until;
        if catalog.revision() == self.last.revision() && !due {
            return None;
        }
        let changes = Changes::between(&self.last, &catalog);
        if let Some(held) = Held::check(&changes, wanted.confirm.as_deref()) {
            return Some(Err(ReloadError::Held(held)));
        }
        self.last = Arc::new(catalog);
        Some(Ok((self.last.clone(), changes)))
    }

    fn has_settled(&mut self, found: &[Seen], now: SystemTime) -> bool {
        match &self.changed {
            // A clock that was set back has seen nothing yet.
            Some((changed, since)) if changed == found && *since <= now => now
                .duration_since(*since)
                .is_ok_and(|since| since >= self.settling),
            _ => {
                self.changed = Some((found.to_vec(), now));
                self.settling.is_zero()
            }
        }
    }
}

// === impl Seen ===

impl Seen {
    fn now(path: &Path) -> Self {
        let stamp = fs::metadata(path).ok();
        let stamp = stamp.map(|found| (found.modified().ok(), found.len(), inode(&found)));
        Self {
            path: path.to_owned(),
            stamp,
        }
    }

    fn again(&self) -> Self {
        Self::now(&self.path)
    }
}

/// One file in the place of another may have its length and its time.
#[cfg(unix)]
fn inode(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

// === impl ReloadError ===

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => write!(f, "{error}; the last catalogue stays"),
            Self::Held(held) => held.fmt(f),
        }
    }
}

impl std::error::Error for ReloadError {}
