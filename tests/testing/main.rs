//! The scriptable upstream over a real socket, and the contract probe.

mod accounts;
mod answers;
mod faults;
mod probe;
mod support;
