//! Where a catalogue comes from: a text, or a file with its sources and the environment.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::source::Wanted;
use super::toml::{Keyless, read};
use super::{Catalog, LoadError, Problem};
use crate::clock;

/// A catalogue file, and what becomes of providers without a key.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    keyless: Keyless,
}

/// The longest file that is read, in bytes: some fifty thousand endpoints.
const MAX_FILE: u64 = 16 * 1024 * 1024;

// === impl Catalog ===

impl Catalog {
    /// Reads a catalogue from TOML; see the [module docs](super) for its keys.
    ///
    /// `file` is only what errors call it, and `env` is asked for each provider's key.
    ///
    /// # Errors
    ///
    /// Names the first line that is wrong, a key that is not in `env` included.
    pub fn from_toml(
        text: &str,
        file: &str,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, LoadError> {
        Self::from_toml_with(text, file, env, |_| Err(nowhere()))
    }

    /// As [`from_toml`](Self::from_toml), with the bytes of its `sources`, by the names that it gives them.
    ///
    /// See [`Report`](super::Report) for an example. Prices that begin on some day are those of today.
    ///
    /// # Errors
    ///
    /// As for [`from_toml`](Self::from_toml), and if a source cannot be read or is none.
    pub fn from_toml_with(
        text: &str,
        file: &str,
        env: impl Fn(&str) -> Option<String>,
        files: impl Fn(&str) -> io::Result<Vec<u8>>,
    ) -> Result<Self, LoadError> {
        bounded(text.len(), file)?;
        read(text, file, env, Keyless::Refused, &files, clock::wall()).map(|(catalog, _)| catalog)
    }

    /// As [`from_toml`](Self::from_toml), but serves what the environment has keys for.
    ///
    /// A provider whose variable is unset or empty is left out, and with it its endpoints, and the models
    /// that have no others. [`dropped`](Self::dropped) lists them. Everything is checked all the same.
    ///
    /// ```
    /// use switchtower::catalog::Catalog;
    ///
    /// let text = r#"
    ///     [providers.groq]
    ///     base_url = "https://api.groq.com/openai/v1"
    ///     key_env = "GROQ_API_KEY"
    /// "#;
    /// let catalog = Catalog::from_toml_available(text, "switchtower.toml", |_| None)?;
    /// assert!(catalog.providers().is_empty());
    /// assert_eq!(catalog.dropped()[0].to_string(), "provider groq: GROQ_API_KEY is not set");
    /// # Ok::<(), switchtower::catalog::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`from_toml`](Self::from_toml), missing keys apart.
    pub fn from_toml_available(
        text: &str,
        file: &str,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, LoadError> {
        bounded(text.len(), file)?;
        let files = |_: &str| Err(nowhere());
        read(text, file, env, Keyless::Dropped, &files, clock::wall()).map(|(catalog, _)| catalog)
    }

    /// Reads the file at `path` with its sources, whose paths are relative to it, and keys from the environment of the
    /// process.
    ///
    /// # Errors
    ///
    /// As for [`from_toml_with`](Self::from_toml_with), and if a file has more than 16 MiB or cannot be read.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let place = Place::new(path.as_ref(), Keyless::Refused);
        place
            .read(clock::wall(), &mut |_| ())
            .map(|(catalog, _)| catalog)
    }

    /// As [`load`](Self::load), but serves what the environment has keys for, as
    /// [`from_toml_available`](Self::from_toml_available) does.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load), missing keys apart.
    pub fn load_available(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let place = Place::new(path.as_ref(), Keyless::Dropped);
        place
            .read(clock::wall(), &mut |_| ())
            .map(|(catalog, _)| catalog)
    }
}

// === impl Place ===

impl Place {
    pub(super) fn new(path: &Path, keyless: Keyless) -> Self {
        Place {
            path: path.to_owned(),
            keyless,
        }
    }

    /// The catalogue as it is now. `look` is told of each file before that is read.
    pub(super) fn read(
        &self,
        wall: SystemTime,
        look: &mut dyn FnMut(&Path),
    ) -> Result<(Catalog, Wanted), LoadError> {
        look(&self.path);
        let (text, file) = text_of(&self.path)?;
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let look = RefCell::new(look);
        let files = |name: &str| {
            let path = folder.join(name);
            look.borrow_mut()(&path);
            bytes_of(&path)
        };
        read(&text, &file, variable, self.keyless, &files, wall)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whoever has a text only has no folder in which its sources could be.
fn nowhere() -> io::Error {
    let why = "a text has no sources; use `Catalog::load` or `Catalog::from_toml_with`";
    io::Error::new(io::ErrorKind::Unsupported, why)
}

fn text_of(path: &Path) -> Result<(String, String), LoadError> {
    let file = path.display().to_string();
    let read = |error| LoadError::whole(&file, Problem::Read(error));
    let bytes = bytes_of(path).map_err(read)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, file)),
        Err(error) => {
            let error = io::Error::new(io::ErrorKind::InvalidData, error.utf8_error());
            Err(LoadError::whole(&file, Problem::Read(error)))
        }
    }
}

/// At most as many as are read of a file, and one more is an error.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MAX_FILE {
        true => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {MAX_FILE} bytes"),
        )),
        false => Ok(bytes),
    }
}

fn bounded(len: usize, file: &str) -> Result<(), LoadError> {
    if len as u64 > MAX_FILE {
        return Err(LoadError::whole(file, Problem::TooLong { limit: MAX_FILE }));
    }
    Ok(())
}
