//! A folder of its own for a bench.

use std::path::PathBuf;

/// A folder, until it is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

// === impl Folder ===

impl Folder {
    pub(crate) fn new(bench: &str) -> Self {
        let name = format!("switchtower-{bench}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
