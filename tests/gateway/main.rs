//! The gateway over real sockets: a caller on one side, scripted providers on the other.

mod bad_input;
mod books;
mod broken;
mod connections;
mod down;
mod failover;
mod hangup;
mod lookups;
mod operations;
mod pressure;
mod retelling;
mod routes;
mod shapes;
mod shutdown;
mod streams;
mod support;
