//! What travels with one request through all stages.

mod handle;
mod turn;

pub use self::handle::Call;
