//! The servers that several benches ask.

pub(crate) mod bare;
pub(crate) mod gateway;
pub(crate) mod upstream;
