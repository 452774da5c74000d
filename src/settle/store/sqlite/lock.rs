//! One process at a time.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::Path;

use crate::settle::store::StoreError;

/// Holds the lock beside a file as long as it lives. It is the operating system's, so that it ends with the process.
///
/// Not that of the file itself: to close another descriptor of it would end SQLite's own locks.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

// === impl Lock ===

impl Lock {
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let mut beside = OsString::from(path);
        beside.push("-lock");
        let open = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(beside);
        let file = open.map_err(|error| StoreError::Away(error.into()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Taken(format!(
                "another process keeps its books in {}, whatever its name: end it, or give each a file of its own; \
                 several keep them together in PostgreSQL",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(StoreError::Away(error.into())),
        }
    }
}
