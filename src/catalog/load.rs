//! Where a catalogue comes from: a text, or a file and the environment.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::toml::{Keyless, read};
use super::{Catalog, LoadError, Problem};

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
        bounded(text.len(), file)?;
        read(text, file, env, Keyless::Refused)
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
        read(text, file, env, Keyless::Dropped)
    }

    /// Reads the file at `path`, and keys from the environment of the process.
    ///
    /// # Errors
    ///
    /// As for [`from_toml`](Self::from_toml), and if there are more than 16 MiB or none that can be read.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let (text, file) = text_of(path.as_ref())?;
        Self::from_toml(&text, &file, variable)
    }

    /// As [`load`](Self::load), but serves what the environment has keys for, as
    /// [`from_toml_available`](Self::from_toml_available) does.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load), missing keys apart.
    pub fn load_available(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let (text, file) = text_of(path.as_ref())?;
        Self::from_toml_available(&text, &file, variable)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn text_of(path: &Path) -> Result<(String, String), LoadError> {
    let file = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|source| source.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| LoadError::whole(&file, Problem::Read(error)))?;
    bounded(bytes.len(), &file)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, file)),
        Err(error) => {
            let error = io::Error::new(io::ErrorKind::InvalidData, error.utf8_error());
            Err(LoadError::whole(&file, Problem::Read(error)))
        }
    }
}

fn bounded(len: usize, file: &str) -> Result<(), LoadError> {
    if len as u64 > MAX_FILE {
        return Err(LoadError::whole(file, Problem::TooLong { limit: MAX_FILE }));
    }
    Ok(())
}
