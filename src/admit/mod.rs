//! May this request come in?

pub mod key;
pub mod read;
