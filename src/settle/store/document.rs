//! A setting that outlives the process.

/// A setting that outlives the process: JSON under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is about: `key`, for instance.
    pub kind: &'static str,
    /// Its name among those of its kind.
    pub id: String,
    /// Counts its changes from 1 on. The next number is the only one that is taken, so that of two who change it at once
    /// one is told.
    pub version: u64,
    /// What it says; none once it is deleted.
    pub json: Option<String>,
}
