//! A store that is gone with the process.

mod kept;
mod store;

pub use self::store::MemoryStore;
