//! Rate limits: what providers announce, what is left of it, and that nobody asks for more.

#[path = "../flow/mod.rs"]
mod flow;

mod headers;
mod headroom;
mod house;
mod pace;
mod steady;
